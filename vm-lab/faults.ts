/** What can go wrong in a lab, each the real thing: a dead machine, a pulled cable, a bad line, a machine that stands still. */
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, dropConnection } from './exec.ts';
import { forget, impair, repair } from './impairment.ts';
import type { Lab } from './lab.ts';
import { LabError } from './lab-error.ts';
import { HOSTS, type Host, isMachine, type Machine, NETWORKS, type Network } from './layout.ts';
import * as machines from './machine.ts';
import { runInLab } from './namespace.ts';
import { portOf } from './network.ts';

/** The machine is dead at once: nothing is written, nobody is told. Its disk is kept. */
export async function powerOff(lab: Lab, machine: Machine): Promise<void> {
  await machines.powerOff(lab.namespace, machine);
  await dropConnection(lab.place, machine);
  await forget(lab.place, (one) => one.machine === machine);
}

/** Boots a machine from its own disk and waits until it serves; nothing to do when it is on. */
export async function powerOn(lab: Lab, machine: Machine): Promise<void> {
  if (await machines.isPoweredOn(lab.namespace, machine)) return;
  await machines.powerOn(lab.place, lab.namespace, machine, lab.image);
  await machines.waitUntilBooted(lab.place, lab.namespace, machine);
}

/** An orderly reboot by the machine's own systemd; waits until it serves again. */
export async function reboot(lab: Lab, machine: Machine): Promise<void> {
  const boots = await machines.bootsOf(lab.place, machine);
  await attempt(lab, machine, ['systemctl', 'reboot']);
  await dropConnection(lab.place, machine);
  await machines.waitUntilBooted(lab.place, lab.namespace, machine, boots + 1);
  await forget(lab.place, (one) => one.machine === machine);
}

/** Pulls a host's cable out of a network. */
export async function cut(lab: Lab, host: Host, network: Network): Promise<void> {
  await fabric(lab, [`link set ${portOf(host, network)} nomaster`]);
}

/** Puts cables back in, takes delays and losses away, and lets what stands still go on: of one place, one host or all. */
export async function heal(lab: Lab, host?: Host, network?: Network): Promise<void> {
  const hosts = host === undefined ? HOSTS : [host];
  const networks = network === undefined ? NETWORKS : [network];
  await fabric(
    lab,
    hosts.flatMap((one) => networks.map((net) => `link set ${portOf(one, net)} master ${net}`)),
  );
  for (const one of hosts) if (isMachine(one)) await machines.signalMachine(lab.namespace, one, 'SIGCONT');
  await repair(lab, (one) => hosts.includes(one.machine) && networks.includes(one.network));
}

/** Which cables are out. */
export async function cuts(lab: Lab): Promise<{ readonly host: Host; readonly network: Network }[]> {
  const links: { ifname: string; master?: string }[] = JSON.parse(
    await runInLab(lab.namespace, ['ip', '-n', 'fabric', '-j', 'link']),
  );
  const loose = new Set(links.filter(({ master }) => master === undefined).map(({ ifname }) => ifname));
  return HOSTS.flatMap((host) => NETWORKS.map((network) => ({ host, network }))).filter(({ host, network }) =>
    loose.has(portOf(host, network)),
  );
}

/** Every packet of a machine on a network is late, each way. */
export async function delay(lab: Lab, host: Host, network: Network, delayMs: number): Promise<void> {
  await impair(lab, machineOnly(host), network, { delayMs });
}

/** Some of a machine's packets on a network are lost, each way. */
export async function loss(lab: Lab, host: Host, network: Network, lossPercent: number): Promise<void> {
  await impair(lab, machineOnly(host), network, { lossPercent });
}

/** The machine stands still, as a virtual machine does whose host is busy, and goes on afterwards as if nothing had been. */
export async function stall(lab: Lab, machine: Machine, durationMs: number, abort?: AbortSignal): Promise<void> {
  await machines.signalMachine(lab.namespace, machine, 'SIGSTOP');
  try {
    await sleep(durationMs, undefined, abort ? { signal: abort } : {}).catch(() => {});
  } finally {
    await machines.signalMachine(lab.namespace, machine, 'SIGCONT');
  }
}

function machineOnly(host: Host): Machine {
  if (!isMachine(host)) {
    throw new LabError('delay and loss are made inside a machine; the client is none', { code: 5 });
  }
  return host;
}

async function fabric(lab: Lab, lines: readonly string[]): Promise<void> {
  await runInLab(lab.namespace, ['ip', '-n', 'fabric', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
