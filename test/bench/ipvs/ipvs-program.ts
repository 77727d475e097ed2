/**
 * Runs inside User-Mode Linux: `ipvs-program.ts ROUNDS SERVICES REALSERVERS BIG SECONDS`. Programs the same table by our code and
 * by ipvsadm in turn, compares what has not changed, and then lets both of the director's processes do it. Prints one RESULT.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredConfig } from '../../../src/agent/config-shape.ts';
import { Journal } from '../../../src/agent/journal.ts';
import { TableKeeper } from '../../../src/agent/table-keeper.ts';
import { type DesiredService, desiredTable } from '../../../src/balancer/desired.ts';
import { openIpvs } from '../../../src/kernel/netlink-ipvs.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { LatenessWatch } from '../director/lateness.ts';
import { end, filesIn, startSupervisor, startVrrp, until, usageOf } from '../director/processes.ts';
import { DIP, storedConfig } from '../director/topology.ts';
import type { BigService, IpvsRound, Served, Taken } from './figures.ts';

const [rounds = 1, services = 1, realservers = 1, big = 1, seconds = 1] = process.argv.slice(2).map(Number);
/** Comparisons with nothing to change in a round: one alone is shorter than the kernel's tick. */
const COMPARISONS = 5;

const folder = mkdtempSync('/tmp/bench-');
const ipvs = openIpvs(loadRawio());

async function taken<Value>(work: () => Value | Promise<Value>): Promise<readonly [Taken, Value]> {
  const before = process.cpuUsage();
  const started = performance.now();
  const value = await work();
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return [{ wallMs, cpuMs: (user + system) / 1000 }, value];
}

const saved = (): string[] => execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8', maxBuffer: 1e8 }).split('\n');

/** ipvsadm -R, which runs in this process's place: its wall time is all that it costs. */
function restored(table: readonly string[]): number {
  const started = performance.now();
  const { status } = spawnSync('ipvsadm', ['-R'], { input: table.join('\n'), stdio: ['pipe', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`ipvsadm -R ended with ${status}`);
  return performance.now() - started;
}

function wanted({ config }: StoredConfig): DesiredService[] {
  return desiredTable(config, {
    judge: () => ({ verdict: 'up', forMs: 0, weight: null }),
    overrides: [],
    wallMs: Date.now(),
  });
}

/** As the agent has it, remembering on a disk of its own what is ours. */
function keeperOf(name: string): TableKeeper {
  return new TableKeeper({
    ipvs,
    journal: new Journal(() => {}, Date.now),
    wall: Date.now,
    ownershipPath: join(folder, `${name}.json`),
    withdrawn: () => new Set(),
    isOurs: () => false,
  });
}

async function reconciled(keeper: TableKeeper, desired: readonly DesiredService[]): Promise<Taken> {
  const [took, { errors }] = await taken(() => keeper.reconcile(desired, 'the benchmark'));
  if (errors.length > 0) throw new Error(errors[0]);
  return took;
}

async function round(desired: readonly DesiredService[], number: number): Promise<IpvsRound> {
  await ipvs.flush();
  const changes = desired.flatMap(({ service, destinations }) => [
    { op: 'new-service', service } as const,
    ...destinations.map((destination) => ({ op: 'new-destination', id: service.id, destination }) as const),
  ]);
  const [program, results] = await taken(() => ipvs.apply(changes));
  const refused = results.find((error) => error !== undefined);
  if (refused !== undefined) throw refused;
  await ipvs.flush();
  const keeper = keeperOf(`keeper-${number}`);
  const reconcile = await reconciled(keeper, desired);
  const unchanged: Taken[] = [];
  for (let count = 0; count < COMPARISONS; count++) unchanged.push(await reconciled(keeper, desired));
  const ours = saved();
  await ipvs.flush();
  const restoreMs = restored(ours);
  const isEqual = saved().toSorted().join('\n') === ours.toSorted().join('\n');
  return { program, reconcile, unchanged, restoreMs, isEqual, lines: ours.filter((line) => line !== '').length };
}

async function bigService(): Promise<BigService> {
  const stored = storedConfig({ services: 1, realservers: big, check: null, distinct: true });
  const desired = wanted(stored);
  await ipvs.flush();
  const keeper = keeperOf('big');
  const program = await reconciled(keeper, desired);
  const [read, entries] = await taken(() => ipvs.read());
  const unchanged = await reconciled(keeper, desired);
  const [service] = desired;
  const changed = service?.destinations.map((one, index) => (index === big - 1 ? { ...one, weight: 7 } : one)) ?? [];
  const oneWeight = await reconciled(keeper, service === undefined ? [] : [{ ...service, destinations: changed }]);
  const ours = saved();
  await ipvs.flush();
  const restoreMs = restored(ours);
  const weights = entries[0]?.destinations.length ?? 0;
  const hasWeight = ours.filter((line) => line.endsWith('-w 7')).length === 1;
  return {
    realservers: weights,
    program,
    read,
    unchanged,
    oneWeight,
    restoreMs,
    isRight: weights === big && hasWeight,
  };
}

/** By the kernel's own list, which costs least: what looks is on the same processor as what is measured. */
function destinations(): number {
  return readFileSync('/proc/net/ip_vs', 'latin1').match(/^ {2}-> (?!Remote)/gm)?.length ?? 0;
}

/** Both processes as they run on a director: first without a service, then with all, which something else then takes away. */
async function served(): Promise<Served> {
  await ipvs.flush();
  const whole = services * realservers;
  const { config, vrrpSocket } = filesIn(folder);
  const write = (count: number) =>
    writeFileSync(config, JSON.stringify(storedConfig({ services: count, realservers, check: null, distinct: false })));
  write(services);
  const vrrp = startVrrp(folder);
  try {
    await until('the VRRP process listens', () => existsSync(vrrpSocket), 60_000);
    // MASTER by then: without a supervisor it waits 10 s for the first verdicts
    await sleep(13_000);
    const quiet = new LatenessWatch(vrrpSocket);
    await sleep(seconds * 1000);
    const lateQuiet = await quiet.end();
    const watch = new LatenessWatch(vrrpSocket);
    const supervisor = startSupervisor(folder);
    try {
      const started = performance.now();
      await until('the table is there', () => destinations() === whole, 60_000);
      const startMs = performance.now() - started;
      const lateProgramming = await watch.end();
      // what V8 has not compiled yet is not what a director runs
      await sleep(8_000);
      const steady = new LatenessWatch(vrrpSocket);
      const before = usageOf(supervisor.pid ?? 0);
      const from = performance.now();
      await sleep(seconds * 1000);
      const after = usageOf(supervisor.pid ?? 0);
      const elapsedMs = performance.now() - from;
      const lateSteady = await steady.end();
      const mending = new LatenessWatch(vrrpSocket);
      await ipvs.flush();
      const flushed = performance.now();
      await until('the table is back', () => destinations() === whole, 60_000);
      const mendMs = performance.now() - flushed;
      const lateMending = await mending.end();
      const cpuMsASecond = ((after.cpuMs - before.cpuMs) / elapsedMs) * 1000;
      return {
        startMs,
        mendMs,
        cpuMsASecond,
        memoryMb: after.memoryMb,
        lateQuiet,
        lateProgramming,
        lateSteady,
        lateMending,
      };
    } finally {
      await end(supervisor);
    }
  } finally {
    await end(vrrp);
  }
}

const say = (text: string): void => console.log(`SAYS ${text}`);
execFileSync('modprobe', ['-a', 'ip_vs', 'ip_vs_wlc', 'dummy']);
for (const words of ['link add dummy0 type dummy', 'link set dummy0 up', `addr add ${DIP}/24 dev dummy0`])
  execFileSync('ip', words.split(' '));
say('booted');
const desired = wanted(storedConfig({ services, realservers, check: null, distinct: false }));
const all: IpvsRound[] = [];
for (let number = 0; number < rounds; number++) {
  all.push(await round(desired, number));
  say(`round ${number + 1}`);
}
const bigOne = big > 0 ? await bigService() : null;
say('big service');
const both = seconds > 0 ? await served() : null;
ipvs.close();
console.log(`RESULT ${JSON.stringify({ rounds: all, big: bigOne, served: both })}`);
