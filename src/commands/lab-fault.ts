/** `lvsctl lab fault`: breaks something in the lab, or mends it. */
import { Command } from 'commander';
import { cut, delay, heal, loss, powerOff, powerOn, reboot, stall } from '../../vm-lab/faults.ts';
import { type Lab, openLab } from '../../vm-lab/lab.ts';
import { LabError } from '../../vm-lab/lab-error.ts';
import { hostOf, machineOf, networkOf } from '../../vm-lab/layout.ts';
import { parseDurationMs, parsePercent } from '../../vm-lab/measure.ts';
import { createOutput } from '../output/output.ts';

interface Fault {
  readonly usage: string;
  readonly summary: string;
  /** How many words it takes: at least, at most. */
  readonly words: readonly [number, number];
  readonly act: (lab: Lab, ...words: string[]) => Promise<void>;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'power-off': {
    usage: 'H',
    summary: 'dead at once; its disk is kept',
    words: [1, 1],
    act: (lab, host = '') => powerOff(lab, machineOf(host)),
  },
  'power-on': {
    usage: 'H',
    summary: 'boot it again and wait until it serves',
    words: [1, 1],
    act: (lab, host = '') => powerOn(lab, machineOf(host)),
  },
  reboot: {
    usage: 'H',
    summary: 'an orderly reboot, waited for',
    words: [1, 1],
    act: (lab, host = '') => reboot(lab, machineOf(host)),
  },
  cut: {
    usage: 'H NET',
    summary: 'its cable is out of the switch',
    words: [2, 2],
    act: (lab, host = '', network = '') => cut(lab, hostOf(host), networkOf(network)),
  },
  heal: {
    usage: '[H [NET]]',
    summary: 'cables in, delays, losses and stalls over: of one place, one host, or all',
    words: [0, 2],
    act: (lab, host, network) =>
      heal(lab, host === undefined ? undefined : hostOf(host), network === undefined ? undefined : networkOf(network)),
  },
  delay: {
    usage: 'H NET 50ms',
    summary: 'every packet is late, each way',
    words: [3, 3],
    act: (lab, host = '', network = '', time = '') =>
      delay(lab, hostOf(host), networkOf(network), parseDurationMs(time)),
  },
  loss: {
    usage: 'H NET 10%',
    summary: 'some packets are lost, each way',
    words: [3, 3],
    act: (lab, host = '', network = '', part = '') => loss(lab, hostOf(host), networkOf(network), parsePercent(part)),
  },
  stall: {
    usage: 'H 3s',
    summary: 'stands still that long, then goes on; waited for',
    words: [2, 2],
    act: (lab, host = '', time = '') => stall(lab, machineOf(host), parseDurationMs(time), untilInterrupted()),
  },
};

const USAGES = Object.entries(FAULTS).map(
  ([name, { usage, summary }]) => `  lvsctl lab fault ${`${name} ${usage}`.padEnd(20)} ${summary}`,
);

export function faultCommand(): Command {
  return new Command('fault')
    .description('break something, or mend it')
    .argument('<what>', Object.keys(FAULTS).join(', '))
    .argument('[words...]', 'H: lb1 lb2 web1 web2 web3 (client for cut and heal); NET: mgmt front back')
    .option('--name <name>', 'which lab, when there are several')
    .addHelpText('after', `\nFaults:\n${USAGES.join('\n')}`)
    .action(labFault);
}

/** Everything is checked before the lab is looked for, and nothing is broken by a command that is wrong. */
async function labFault(what: string, words: string[], { name }: { name?: string }, command: Command): Promise<void> {
  const fault = FAULTS[what];
  if (fault === undefined) throw new LabError(`there is no fault ${JSON.stringify(what)}`, { code: 5, hints: USAGES });
  const [least, most] = fault.words;
  if (words.length < least || words.length > most) {
    throw new LabError(`usage: lvsctl lab fault ${what} ${fault.usage}`, { code: 5 });
  }
  await fault.act(await openLab(name), ...words);
  createOutput(command.optsWithGlobals()).document({ fault: what, words });
}

/** So that ^C during a stall lets the machine go on. */
function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    process.exitCode = 130;
    controller.abort();
  };
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return controller.signal;
}
