/** `lvsctl lab`: the command line of vm-lab. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { argvFor } from '../../vm-lab/exec.ts';
import { openLab } from '../../vm-lab/lab.ts';
import { LabError } from '../../vm-lab/lab-error.ts';
import { addressOf, HOSTS, hostOf, PROFILES, type Profile } from '../../vm-lab/layout.ts';
import { type Place, placeOf } from '../../vm-lab/place.ts';
import { readRecord } from '../../vm-lab/record.ts';
import { type HostStatus, type LabStatus, labStatus } from '../../vm-lab/status.ts';
import { down, up } from '../../vm-lab/up.ts';
import { createOutput, type Output } from '../output/output.ts';
import { createProgress } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { faultCommand } from './lab-fault.ts';

const EXAMPLES = `
Examples:
  lvsctl lab up                                   no root needed; images are kept in ~/.cache/lvsctl/lab
  lvsctl lab up --name two --profile hostile      a second lab beside it, its firewalls closed
  lvsctl apply dr.yaml -i inventory/lab.yaml      the inventory of the default lab (others: \`inventory\` in their folder)
  lvsctl lab exec client -- curl -s 10.77.1.100   requests come from the client
  lvsctl lab exec lb1 -- 'ipvsadm -Ln | head'     one word is a line for the shell
  lvsctl lab fault power-off lb1                  see lvsctl lab fault --help
  lvsctl lab down`;

interface Named {
  readonly name?: string;
}

export function labCommand(): Command {
  const lab = new Command('lab')
    .description('a real cluster of virtual machines on this one: two directors, three realservers, a client')
    .addHelpText('after', EXAMPLES);
  const named = (name: string, summary: string) =>
    lab.command(name).description(summary).option('--name <name>', 'which lab, when there are several');
  named('up', 'boot lb1 lb2 web1 web2 web3 (nothing to do when they are up)')
    .addOption(new Option('--profile <profile>', 'how the machines are set up').choices(PROFILES).default('default'))
    .action(labUp);
  named('down', 'end the lab and remove all of it').action(labDown);
  named('status', 'which machines are on and answer, and what is broken').action(labState);
  named('ssh', 'log in to a machine').argument('<host>', HOSTS.join(', ')).action(labShell);
  named('exec', 'run a command as root on a machine or on the client; a single word is a line for the shell')
    .argument('<host>', HOSTS.join(', '))
    .argument('<command...>')
    .action(labExec);
  named('proxy', 'connect stdin and stdout with a TCP port of a machine (for ProxyCommand)')
    .argument('<host>')
    .argument('<port>')
    .action(labProxy);
  return lab.addCommand(faultCommand());
}

async function labUp({ name, profile }: Named & { profile: Profile }, command: Command): Promise<void> {
  const output = createOutput(command.optsWithGlobals());
  const progress = createProgress(output);
  const steps = {
    doing: (subject: string, what: string) => progress.doing(subject, what),
    done: (subject: string, what: string) => progress.done(subject, what, 'good'),
  };
  const place = placeOf(name);
  // Not `once`: execa raises a signal again that nobody listens to any more.
  process.on('SIGINT', () => abandon(place)).on('SIGTERM', () => abandon(place));
  try {
    await up(place, { profile, steps });
  } finally {
    progress.end();
  }
  show(output, await labStatus(await openLab(name)));
}

/** ^C while it boots: what was begun is taken away again; a lab that was up before stays. */
function abandon(place: Place): void {
  const undo = async () => {
    if ((await readRecord(place)) === undefined) await down(place);
    process.exit(130);
  };
  undo().catch(() => process.exit(1));
}

async function labDown({ name }: Named, command: Command): Promise<void> {
  const output = createOutput(command.optsWithGlobals());
  const place = placeOf(name);
  const existed = await down(place);
  output.document({ name: place.name, existed });
  output.note(existed ? `the lab ${place.name} is gone` : `there was no lab ${place.name}`);
}

async function labState({ name }: Named, command: Command): Promise<void> {
  show(createOutput(command.optsWithGlobals()), await labStatus(await openLab(name)));
}

function show(output: Output, status: LabStatus): void {
  output.document(status);
  const rows = status.hosts.map((one) => [one.host, stateOf(one), ...Object.values(one.addresses), brokenAt(one)]);
  output.text(table([['HOST', 'STATE', 'MGMT', 'FRONT', 'BACK', 'BROKEN'], ...rows]));
}

function stateOf({ power, answers }: HostStatus): string {
  if (power !== 'on') return power;
  return answers ? 'up' : 'on, does not answer';
}

function brokenAt({ cut, impaired }: HostStatus): string {
  const lines = impaired.map((one) => `${one.network} ${one.delayMs} ms late, ${one.lossPercent} % lost`);
  return [...cut.map((network) => `${network} cut`), ...lines].join('; ');
}

async function labShell(name: string, options: Named): Promise<void> {
  const lab = await openLab(options.name);
  const host = hostOf(name);
  await become(host === 'client' ? argvFor(lab, host, ['bash']) : ['ssh', '-F', lab.place.sshConfig, host]);
}

async function labExec(name: string, command: string[], options: Named): Promise<void> {
  const lab = await openLab(options.name);
  const [line = ''] = command;
  // A terminal on both ends is one for the far program too: ^C reaches it, and it may paint.
  const terminal = process.stdin.isTTY && process.stdout.isTTY ? ['-t'] : [];
  await become(argvFor(lab, hostOf(name), command.length === 1 ? ['sh', '-c', line] : command, terminal));
}

async function labProxy(name: string, port: string, options: Named): Promise<void> {
  const lab = await openLab(options.name);
  const host = hostOf(name);
  if (!/^\d{1,5}$/.test(port)) throw new LabError(`a port is a number, not ${JSON.stringify(port)}`, { code: 5 });
  await become([lab.place.proxy, addressOf(host, 'mgmt'), port]);
}

/** Runs a program in our place: its stdin, stdout and stderr, and its exit code (128 + n when signal n ended it). */
async function become([file = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(file, args, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward).on('SIGHUP', forward);
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child
      .on('error', reject)
      .on('close', (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)));
  });
}
