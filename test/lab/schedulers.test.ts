/**
 * Every scheduler with its flags, persistence, marks, thresholds and both protocols, with real connections through a real
 * kernel: who answered is compared with what the algorithm is defined to choose (test/reference-schedulers).
 */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Machine } from '../../vm-lab/layout.ts';
import type { Visit, VisitGroup } from '../../vm-lab/load/visits.ts';
import { startHeld, startVisits } from '../../vm-lab/traffic.ts';
import { dh, sh as sourceHash } from '../reference-schedulers/hashing.ts';
import { lc, nq, sed, wlc } from '../reference-schedulers/least-connection.ts';
import { lblc, lblcr } from '../reference-schedulers/locality.ts';
import { mh } from '../reference-schedulers/maglev.ts';
import { fo, ovf } from '../reference-schedulers/priority.ts';
import { rr, wrr } from '../reference-schedulers/round-robin.ts';
import { type Algorithm, type Packet, type Server, simulate } from '../reference-schedulers/scheduler.ts';
import { holders, lvsctl, sh } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';
import {
  addClients,
  CLIENT_ADDRESSES,
  closePorts,
  openPorts,
  packetOf,
  readTable,
  removeClients,
  type Table,
} from './scheduling.ts';

const lab = labForTests();
const TOPOLOGY = resolve(import.meta.dirname, 'schedulers.yaml');
const VIP = '10.77.1.100';
const VIPS = [VIP, ...[110, 111, 112, 113, 114, 115].map((last) => `10.77.1.${last}`)];
const [ONE_CLIENT = ''] = CLIENT_ADDRESSES;
/** Checks every second, and what a busy machine needs. */
const SOON_MS = 60_000;
/** How often a client of each address asks. */
const ROUNDS = inject('soak') ? 5 : 1;

let master: Machine = 'lb1';
let table: Table = new Map();
let visits: Readonly<Record<string, readonly Visit[]>> = {};

const read = async (machine: Machine = master) => readTable(await sh(lab(), machine, 'ipvsadm -Ln --nosort'));
const ask = async (...groups: readonly VisitGroup[]) => (await startVisits(lab(), groups).report).visits;
const answers = (made: readonly Visit[] = []) => made.map(({ server, cause }) => server ?? cause ?? 'nothing');

function group(name: string, port: number, count: number, more: Partial<VisitGroup> = {}): VisitGroup {
  return { name, protocol: 'tcp', port, from: [ONE_CLIENT], to: [VIP], count, isHeld: false, ...more };
}

const hashed = (name: string, port: number): VisitGroup =>
  group(name, port, ROUNDS * CLIENT_ADDRESSES.length, { from: CLIENT_ADDRESSES });
const HELD = { isHeld: true } as const;

/** None of them disturbs another. */
const GROUPS: readonly VisitGroup[] = [
  group('rr', 8001, 30),
  group('wrr', 8002, 36),
  group('lc', 8003, 15, HELD),
  group('wlc', 8004, 24, HELD),
  group('lblc', 8005, 24, { ...HELD, to: [VIP, '10.77.1.110'] }),
  group('lblcr', 8006, 20, HELD),
  hashed('sh', 8007),
  hashed('sh-port', 8008),
  hashed('sh-refusing', 8009),
  group('dh', 8010, 3 * VIPS.length, { to: VIPS }),
  group('sed', 8011, 20, HELD),
  group('nq', 8012, 20, HELD),
  hashed('mh', 8013),
  hashed('mh-port', 8014),
  hashed('mh-refusing', 8015),
  group('fo', 8016, 10),
  group('ovf', 8017, 14, HELD),
  group('udp', 8018, 12, { protocol: 'udp' }),
  group('one-packet', 8019, 12, { protocol: 'udp', ...HELD }),
  hashed('persistent', 8020),
  group('marked', 8022, 60, { from: CLIENT_ADDRESSES.slice(0, 60) }),
  // the other way round: whichever port a client comes to first
  group('marked too', 8023, 60, { from: CLIENT_ADDRESSES.slice(0, 60).toReversed() }),
];

beforeAll(async () => {
  await addClients(lab());
  const ran = await lvsctl(lab(), ['apply', TOPOLOGY, '--yes']);
  if (ran.exitCode !== 0) throw new Error(`apply ended with ${ran.exitCode}\n${ran.stdout}\n${ran.stderr}`);
  await openPorts(lab(), VIP, [8018, 8019]);
  await eventually(
    async () => [await holders(lab(), VIP), await read('lb1'), await read('lb2')] as const,
    ([owners, ...tables]) =>
      owners.length === 1 &&
      tables.every((one) => one.size >= 28 && [...one.values()].flat().every(({ weight }) => weight > 0)),
    SOON_MS,
  );
  [master = 'lb1'] = await holders(lab(), VIP);
  table = await read();
  visits = await ask(...GROUPS);
});

afterAll(async () => {
  await closePorts(lab());
  await removeClients(lab());
});

type Simulation = (servers: readonly Server[], packets: readonly Packet[]) => readonly string[];
const by =
  <Memory>(algorithm: Algorithm<Memory>): Simulation =>
  (servers, packets) =>
    simulate(algorithm, servers, packets);

/** Each listener has a service of its own in the kernel. */
function expectAsDefined(
  made: readonly Visit[],
  port: number,
  simulation: Simulation,
  serversNow: (listener: string) => readonly Server[] = (listener) => table.get(listener) ?? [],
): void {
  const addresses = [...new Set(made.map(({ to }) => to))];
  expect(addresses).not.toEqual([]);
  for (const address of addresses) {
    const theirs = made.filter(({ to }) => to === address);
    const wanted = simulation(serversNow(`TCP ${address}:${port}`), theirs.map(packetOf));
    expect(answers(theirs), `${address}:${port}`).toEqual(wanted);
  }
}

/** Of services that take turns, whose turn it is first is not known beforehand. */
function expectTurns(made: readonly Visit[] = [], listener: string, simulation: Simulation): void {
  const seen = answers(made);
  const packets = Array.from({ length: 4 * seen.length }, () => NOBODY);
  const turns = simulation(table.get(listener) ?? [], packets);
  expect(` ${turns.join(' ')} `).toContain(` ${seen.join(' ')} `);
}

const NOBODY = { source: '0.0.0.0', sourcePort: 0, destination: '0.0.0.0' };

function shares(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, names.filter((one) => one === name).length]),
  );
}

describe('takes turns', () => {
  it('rr', () => {
    expectTurns(visits['rr'], `TCP ${VIP}:8001`, by(rr));
    expect(shares(answers(visits['rr']))).toEqual({ web1: 10, web2: 10, web3: 10 });
  });

  it('wrr, by weight', () => {
    expectTurns(visits['wrr'], `TCP ${VIP}:8002`, by(wrr));
    expect(shares(answers(visits['wrr']))).toEqual({ web1: 6, web2: 12, web3: 18 });
  });
});

it.each<readonly [string, number, Simulation]>([
  ['lc', 8003, by(lc)],
  ['wlc', 8004, by(wlc)],
  ['lblc', 8005, by(lblc)],
  ['lblcr', 8006, by(lblcr)],
  ['sed', 8011, by(sed)],
  ['nq', 8012, by(nq)],
  ['fo', 8016, by(fo)],
  ['ovf', 8017, by(ovf)],
  ['dh', 8010, by(dh)],
  ['sh', 8007, by(sourceHash({ port: false, fallback: true }))],
  ['sh-port', 8008, by(sourceHash({ port: true, fallback: true }))],
  ['sh-refusing', 8009, by(sourceHash({ port: false, fallback: false }))],
  ['mh', 8013, by(mh({ port: false, fallback: true }))],
  ['mh-port', 8014, by(mh({ port: true, fallback: true }))],
  ['mh-refusing', 8015, by(mh({ port: false, fallback: false }))],
])('%s chooses as it is defined', (name, port, simulation) => {
  const made = visits[name] ?? [];
  console.log(name, shares(answers(made)));
  expectAsDefined(made, port, simulation);
});

describe('a realserver drained out of a service that hashes', () => {
  const DRAINED = ['sh', 'sh-refusing', 'mh', 'mh-refusing'] as const;
  const services = DRAINED.flatMap((name) => ['--service', name]);

  it('has its clients taken over where there is a fallback, and refused where not; nobody else moves with mh', async () => {
    const told = await lvsctl(lab(), ['drain', 'web1', ...services, '--force', '-t', TOPOLOGY]);
    expect(told.exitCode, told.stderr).toBe(0);
    try {
      const drained = await read();
      const now = (listener: string) =>
        (drained.get(listener) ?? []).map((server) => {
          const before = table.get(listener)?.find(({ name }) => name === server.name);
          return before === undefined ? server : { ...server, lastWeight: before.weight };
        });
      const made = await ask(
        hashed('sh', 8007),
        hashed('sh-refusing', 8009),
        hashed('mh', 8013),
        hashed('mh-refusing', 8015),
      );
      expect(answers(Object.values(made).flat())).not.toContain('web1');
      expect([made['sh'], made['mh']].flatMap((one) => answers(one))).not.toContain('refused');
      expectAsDefined(made['sh'] ?? [], 8007, by(sourceHash({ port: false, fallback: true })), now);
      expectAsDefined(made['sh-refusing'] ?? [], 8009, by(sourceHash({ port: false, fallback: false })), now);
      expectAsDefined(made['mh'] ?? [], 8013, by(mh({ port: false, fallback: true })), now);
      expectAsDefined(made['mh-refusing'] ?? [], 8015, by(mh({ port: false, fallback: false })), now);
      const before = answers(visits['mh']);
      expect(answers(made['mh']).filter((name, index) => before[index] !== 'web1' && before[index] !== name)).toEqual(
        [],
      );
    } finally {
      await lvsctl(lab(), ['undrain', 'web1', '-t', TOPOLOGY]);
    }
  });
});

describe('udp', () => {
  it('schedules each flow, and keeps it where it is', async () => {
    expectTurns(visits['udp'], `UDP ${VIP}:8018`, by(rr));
    const { flow } = await ask(
      group('flow', 8018, 12, { protocol: 'udp', ...HELD, from: CLIENT_ADDRESSES.slice(1, 2) }),
    );
    expect(Object.values(shares(answers(flow)))).toEqual([12]);
    const entries = await sh(lab(), master, 'ipvsadm -Lnc | grep UDP');
    expect(entries).toMatch(/UDP 00:[0-3]\d /);
    expect(entries).not.toMatch(/UDP 0[1-9]:/);
  });

  it('schedules each datagram of a flow with one_packet', () => {
    expectTurns(visits['one-packet'], `UDP ${VIP}:8019`, by(rr));
    expect(shares(answers(visits['one-packet']))).toEqual({ web1: 4, web2: 4, web3: 4 });
  });
});

describe('persistence', () => {
  it('keeps every network of its netmask on one realserver, the networks in turn', () => {
    const made = visits['persistent'] ?? [];
    const first = made.slice(0, 8);
    expectTurns(first, `TCP ${VIP}:8020`, by(rr));
    const network = (address: string) => address.split('.')[2];
    const home = new Map(first.map(({ from, server }) => [network(from), server]));
    expect(home.size).toBe(8);
    expect(made.filter(({ from, server }) => server === undefined || server !== home.get(network(from)))).toEqual([]);
  });

  it('is shared by the ports of a mark, whichever a client comes to first', () => {
    const first = new Map((visits['marked'] ?? []).map(({ from, server }) => [from, server]));
    const second = new Map((visits['marked too'] ?? []).map(({ from, server }) => [from, server]));
    expect(second.size).toBe(60);
    expect([...second].filter(([from, server]) => server === undefined || first.get(from) !== server)).toEqual([]);
    expect(shares(answers(visits['marked']))).toEqual({ web1: 20, web2: 20, web3: 20 });
  });
});

it('thresholds: full at the upper one, open again below the lower one', async () => {
  const url = `http://${VIP}:8021/`;
  const listener = `TCP ${VIP}:8021`;
  const counts = async () => (await read()).get(listener)?.map(({ active, inactive }) => active + inactive);
  const settle = (each: number) => eventually(counts, (seen) => seen?.join() === [each, each, each].join(), SOON_MS);
  const visit = async () => answers((await ask(group('one', 8021, 1)))['one']).join();
  const rounds = [];
  for (const [index] of [0, 1, 2].entries()) {
    const held = startHeld(lab(), url, { connections: 3 });
    rounds.push(held);
    await held.until(
      (report) => report.held.length === 3 && report.held.every(({ server }) => server !== undefined),
      SOON_MS,
    );
    await settle(index + 1);
  }
  expect(await visit()).toBe('refused');
  await rounds[0]?.stop();
  await settle(2);
  expect(await visit()).toBe('refused');
  await rounds[1]?.stop();
  await settle(1);
  expect(await visit()).toMatch(/^web\d$/);
  await rounds[2]?.stop();
});

it('timeouts are as the topology says on both directors, also after somebody has set others', async () => {
  const wanted = 'Timeout (tcp tcpfin udp): 1200 2 40';
  await Promise.all(
    (['lb1', 'lb2'] as const).map(async (machine) => {
      const now = async () => (await sh(lab(), machine, 'ipvsadm -L --timeout')).trim();
      expect(await now()).toBe(wanted);
      await sh(lab(), machine, 'ipvsadm --set 900 120 300');
      await eventually(now, (text) => text === wanted, SOON_MS);
    }),
  );
});
