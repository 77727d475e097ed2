/** `lvsctl validate`: all that is wrong with a topology, without touching a host. */
import { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { Failure } from '../output/failure.ts';
import { createOutput } from '../output/output.ts';
import { invalid, loadTopologyFile, type TopologyOptions, tell } from './topology.ts';

export function validateCommand(): Command {
  return new Command('validate')
    .description('Checks a topology: every error at once, with file, line and column. Touches no host.')
    .argument('[topology]', 'the topology (short for -t)')
    .addHelpText(
      'after',
      `
Examples:
  lvsctl validate                        ./topology.yaml, or $LVSCTL_TOPOLOGY
  lvsctl validate shop.yaml --json       the same for programs

Exit codes: 0 valid, 5 not valid or not readable.`,
    )
    .action(validate);
}

async function validate(topology: string | undefined, _options: unknown, command: Command): Promise<void> {
  const globals = command.optsWithGlobals<TopologyOptions>();
  const output = createOutput(globals);
  const loaded = await loadTopologyFile({ ...globals, topology: topology ?? globals.topology });
  const { file } = loaded;
  if ('problems' in loaded) {
    output.document({ file, valid: false, problems: loaded.problems, warnings: [], unsupported: [] });
    if (!output.json) throw invalid(file, loaded.problems, output);
    throw new Failure(5, `${file} is not valid`);
  }
  const { config, warnings, unsupported } = loaded;
  output.document({ file, valid: true, problems: [], warnings, unsupported });
  if (!output.json && output.verbosity >= 0) {
    tell(warnings, output);
    tell(
      unsupported.map((problem) => ({ ...problem, severity: 'warning' as const })),
      output,
    );
  }
  output.text(summary(file, config, unsupported.length));
}

function summary(file: string, config: Config, unsupported: number): string {
  const counts = [
    counted(config.directors.length, 'director'),
    counted(config.realservers.length, 'realserver'),
    counted(config.instances.length, 'VRRP instance'),
    counted(config.services.length, 'service'),
  ];
  const later = unsupported === 0 ? '' : `; plan and apply refuse ${counted(unsupported, 'key')} not supported yet`;
  return `${file} is valid: ${counts.join(', ')}${later}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
