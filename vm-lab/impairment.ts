/**
 * Late and lost packets, made by netem inside the machine (this machine's kernel may have none): once on what leaves,
 * once on what comes in, which an `ifb` interface takes first. What is in force is kept in the lab's folder, so that a
 * delay and a loss add up and `heal` knows where to go.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { script } from './exec.ts';
import type { Lab } from './lab.ts';
import { interfaceOf, type Machine, NETWORKS, type Network } from './layout.ts';
import type { Place } from './place.ts';

export interface Impairment {
  readonly machine: Machine;
  readonly network: Network;
  /** Each way: a round trip takes twice as much longer. */
  readonly delayMs: number;
  /** Each way. */
  readonly lossPercent: number;
}

/** Changes the delay or the loss of one machine on one network. */
export async function impair(
  lab: Lab,
  machine: Machine,
  network: Network,
  change: Partial<Pick<Impairment, 'delayMs' | 'lossPercent'>>,
): Promise<void> {
  const all = await impairments(lab.place);
  const before = all.find((one) => one.machine === machine && one.network === network);
  const after = { machine, network, delayMs: 0, lossPercent: 0, ...before, ...change };
  await script(lab, machine, netemScript(after));
  await keep(lab.place, [...all.filter((one) => one !== before), after]);
}

/** Takes away what `impair` did. */
export async function repair(lab: Lab, wanted: (one: Impairment) => boolean): Promise<void> {
  for (const one of (await impairments(lab.place)).filter(wanted)) {
    const device = interfaceOf(one.network);
    await script(
      lab,
      one.machine,
      `tc qdisc del dev ${device} root; tc qdisc del dev ${device} ingress; ip link del ${ifbOf(one)}`,
    );
    await forget(lab.place, (other) => other.machine === one.machine && other.network === one.network);
  }
}

export async function impairments(place: Place): Promise<Impairment[]> {
  const text = await readFile(recordFile(place), 'utf8').catch(() => '[]');
  return JSON.parse(text);
}

/** A machine that lost its power lost these too. */
export async function forget(place: Place, gone: (one: Impairment) => boolean): Promise<void> {
  await keep(
    place,
    (await impairments(place)).filter((one) => !gone(one)),
  );
}

/** The queue is long enough for the lab's fastest link, or the delay would become a loss. */
function netemScript(one: Impairment): string {
  const device = interfaceOf(one.network);
  const netem = `netem limit 200000 delay ${one.delayMs}ms loss ${one.lossPercent}%`;
  return `modprobe ifb numifbs=0
if ! ip link show ${ifbOf(one)} >/dev/null 2>&1; then
  ip link add ${ifbOf(one)} type ifb
  ip link set ${ifbOf(one)} up
  tc qdisc add dev ${device} ingress
  tc filter add dev ${device} parent ffff: matchall action mirred egress redirect dev ${ifbOf(one)}
fi
tc qdisc replace dev ${ifbOf(one)} root ${netem}
tc qdisc replace dev ${device} root ${netem}`;
}

function ifbOf({ network }: Impairment): string {
  return `ifb${NETWORKS.indexOf(network)}`;
}

function recordFile(place: Place): string {
  return join(place.folder, 'impairments.json');
}

async function keep(place: Place, all: readonly Impairment[]): Promise<void> {
  await writeFile(recordFile(place), JSON.stringify(all));
}
