/** `lvsctl lab`: the command line of vm-lab. */
import { spawn } from 'node:child_process';
import { Command, Option } from 'commander';
import { argvFor } from '../../vm-lab/exec.ts';
import { openLab } from '../../vm-lab/lab.ts';
import { LabError } from '../../vm-lab/lab-error.ts';
import { addressOf, HOSTS, type Host, PROFILES, type Profile } from '../../vm-lab/layout.ts';
import { placeOf } from '../../vm-lab/place.ts';
import { down, up } from '../../vm-lab/up.ts';
import { Failure } from '../output/failure.ts';

interface Named {
  readonly name?: string;
}

export function labCommand(): Command {
  const lab = new Command('lab').description(
    'A real cluster of virtual machines on this one: five machines, a client.',
  );
  named(lab, 'up', 'boot lb1 lb2 web1 web2 web3 (nothing to do when they are up)')
    .addOption(new Option('--profile <profile>', 'how the machines are set up').choices(PROFILES).default('default'))
    .action(told(labUp));
  named(lab, 'down', 'end the lab and remove all of it').action(told(labDown));
  named(lab, 'ssh', 'log in to a machine').argument('<host>').action(told(labShell));
  named(lab, 'exec', 'run a command as root on a machine or on the client; one word is a line for the shell')
    .argument('<host>')
    .argument('<command...>')
    .action(told(labExec));
  named(lab, 'proxy', 'connect stdin and stdout with a TCP port of a machine (for ProxyCommand)')
    .argument('<host>')
    .argument('<port>')
    .action(told(labProxy));
  return lab;
}

function named(lab: Command, name: string, summary: string): Command {
  return lab.command(name).description(summary).option('--name <name>', 'which lab, when there are several');
}

/** Turns the lab's sentence into the command line's. */
function told<Args extends unknown[]>(action: (...args: Args) => Promise<void>): (...args: Args) => Promise<void> {
  return (...args) =>
    action(...args).catch((error: unknown) => {
      if (error instanceof LabError) throw new Failure(error.exitCode, error.message, error.hints, { cause: error });
      throw error;
    });
}

async function labUp({ name, profile }: Named & { profile: Profile }): Promise<void> {
  await up(placeOf(name), { profile, say: (line) => process.stderr.write(`${line}\n`) });
}

async function labDown({ name }: Named): Promise<void> {
  const place = placeOf(name);
  const was = await down(place);
  process.stderr.write(was ? `the lab ${place.name} is gone\n` : `there was no lab ${place.name}\n`);
}

async function labShell(name: string, options: Named): Promise<void> {
  const lab = await openLab(options.name);
  const host = hostOf(name);
  await become(host === 'client' ? argvFor(lab, host, ['bash']) : ['ssh', '-F', lab.place.sshConfig, host]);
}

async function labExec(name: string, command: string[], options: Named): Promise<void> {
  const lab = await openLab(options.name);
  const [line = ''] = command;
  await become(argvFor(lab, hostOf(name), command.length === 1 ? ['sh', '-c', line] : command));
}

async function labProxy(name: string, port: string, options: Named): Promise<void> {
  const lab = await openLab(options.name);
  const host = hostOf(name);
  if (!/^\d{1,5}$/.test(port)) throw new LabError(`a port is a number, not ${JSON.stringify(port)}`, { exitCode: 5 });
  await become([lab.place.proxy, addressOf(host, 'mgmt'), port]);
}

function hostOf(name: string): Host {
  const host = HOSTS.find((one) => one === name);
  if (host === undefined) {
    throw new LabError(`the lab has no host ${JSON.stringify(name)}`, { exitCode: 5, hints: [HOSTS.join(' ')] });
  }
  return host;
}

/** Runs a program in our place: its stdin, stdout, stderr, and its exit code (128 + n when signal n ended it). */
async function become([file = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(file, args, { stdio: 'inherit' });
  const ignore = () => {};
  process.on('SIGINT', ignore).on('SIGTERM', ignore);
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}
