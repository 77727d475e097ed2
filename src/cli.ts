/** lvsctl: reads the command line and hands over to one command, whose module is loaded only then. */
import { Command, CommanderError, Option } from 'commander';
import { CATALOGUE } from './commands/catalogue.ts';
import { reportFailure } from './output/report.ts';

const EXAMPLES = `
Examples:
  lvsctl init my-cluster                 a commented topology to start from
  lvsctl validate topology.yaml          all errors, with file:line:col
  lvsctl plan topology.yaml              what would change on each host (exit 2: something)
  lvsctl apply topology.yaml --yes       make it so
  lvsctl status topology.yaml            VRRP states and IPVS tables of all directors
  lvsctl COMMAND --help                  options and examples of one command

Exit codes: 0 done, 1 unexpected, 2 differences (plan) or a host failed, 3 stopped by policy, 4 hosts unreachable,
5 bad input or usage, 6 lock held, 7 host key or authentication refused, 130 interrupted.`;

/** The first word that names no option and is no option's value. */
function commandWord(argv: readonly string[]): string | undefined {
  return argv.find(
    (word, index) => !word.startsWith('-') && !/^(-t|-i|--topology|--inventory)$/.test(argv[index - 1] ?? ''),
  );
}

/** Makes a command and those below it end by an exception that carries the exit code instead of ending the process. */
function settle(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) settle(child, program);
  return command;
}

async function programFor(argv: readonly string[]): Promise<Command> {
  const program = new Command('lvsctl')
    .description('Turns one YAML topology into a running Linux Virtual Server cluster over SSH, and keeps it so.')
    .version(process.env['LVSCTL_VERSION'] ?? 'development', '--version')
    .option('-t, --topology <file>', 'the topology (default: $LVSCTL_TOPOLOGY, else ./topology.yaml)')
    .option('-i, --inventory <file>', 'Ansible YAML inventory that lends connection settings by host name')
    .option('--json', 'one JSON document on stdout, or one a line for streams')
    .option('--no-color', 'no colours (NO_COLOR is respected too)')
    .addOption(
      new Option('-v, --verbose', 'more of what happens; twice: stacks too')
        .argParser((_, n: number) => n + 1)
        .default(0, '0'),
    )
    .option('-q, --quiet', 'no progress and no notes')
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride();
  const word = commandWord(argv);
  const wanted = CATALOGUE.find(({ name }) => name === word);
  if (wanted) return program.addCommand(settle(await wanted.load(), program));
  for (const { name, summary } of CATALOGUE) program.command(name).description(summary).allowExcessArguments();
  return program;
}

// help is commander's to write: whoever has closed the pipe has read enough
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const argv = process.argv.slice(2);
try {
  const program = await programFor(argv);
  await program.parseAsync(argv.length > 0 ? argv : ['--help'], { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 5;
  else process.exitCode = reportFailure(error, argv);
}
