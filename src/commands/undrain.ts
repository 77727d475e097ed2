/** `lvsctl undrain`: realservers get their weight back, at every director. */
import { Command } from 'commander';
import { exitCodeOf } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { createOutput } from '../output/output.ts';
import { undrainable } from '../playbook/drain-plan.ts';
import { undrain } from '../playbook/undrain.ts';
import type { ClusterOptions } from './cluster.ts';
import { withDirectors } from './directors-asked.ts';
import { collected } from './drain.ts';
import { tellFailures, tellUndrained, undrainDocument } from './drain-text.ts';

interface UndrainCommandOptions extends ClusterOptions {
  readonly service?: string[];
}

const EXAMPLES = `
What was said with drain is taken back at every director, by whomever it was said; checks decide as before whether a realserver
is served to. A director that is away learns it from the others when it comes back, also of a drain that it alone knows of. A realserver that is
no longer in the topology can be named, too. No lock is taken.

Examples:
  lvsctl undrain web1                  in all services
  lvsctl undrain web1 --service http   what was said with drain web1 --service http
  lvsctl undrain 'rack2-*'

Exit codes: 0 done, also when it was not drained; 4 a director is unreachable, the others have done it; 2 a director did not
do it, or it is drained in all services and only one was named; 5 unknown names; 7 host key or authentication refused.`;

export function undrainCommand(): Command {
  return new Command('undrain')
    .description('Gives drained realservers their weight back, at every director.')
    .argument('<rs...>', 'realservers, groups, or patterns')
    .option('--service <name>', 'only in this service (may be repeated)', collected)
    .addHelpText('after', EXAMPLES)
    .action(async (names: string[], _options, command: Command) => {
      process.exitCode = await run(names, command.optsWithGlobals<UndrainCommandOptions>());
    });
}

async function run(names: readonly string[], options: UndrainCommandOptions): Promise<number> {
  const output = createOutput(options);
  const services = options.service ?? null;
  return await withDirectors(
    options,
    { verb: 'undrain', names, services },
    async ({ config, subjects, states, agents, absent }) => {
      const { drained, idle, whole } = undrainable(states, subjects);
      if (whole.length > 0) throw drainedEverywhere(whole.map(({ realserver }) => realserver));
      const also = absent.length > 0 ? idle : [];
      const result = await undrain({ subjects: drained, also, services, directors: agents });
      const failures = [...absent, ...result.failures];
      for (const one of result.realservers) tellUndrained(output, one);
      for (const { realserver } of idle)
        output.text(`${realserver} is not drained${absent.length > 0 ? ', as far as is known' : ''}`);
      tellFailures(output, failures, states, 'undrain');
      output.document(undrainDocument(config.cluster, states, { ...result, failures }, idle));
      return exitCodeOf(failures.map(({ kind }) => kind));
    },
  );
}

function drainedEverywhere(realservers: readonly string[]): Failure {
  const [first = ''] = realservers;
  return new Failure(
    2,
    `${realservers.join(' and ')} ${realservers.length > 1 ? 'are' : 'is'} drained in all services`,
    [`lvsctl undrain ${first} ends that; to keep it out of some, lvsctl drain ${first} --service NAME afterwards`],
  );
}
