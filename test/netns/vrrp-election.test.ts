/** VRRP processes of ours on a segment: who is MASTER, and how the role moves. The witness is tcpdump, not our own log. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { masterDownMs } from '../../src/vrrp/intervals.ts';
import { address, configuration, instance, vip } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

let lan: VrrpLan;
let witness: Witness;
const [A, B, VIP] = ['10.9.0.1', '10.9.0.2', '10.9.0.100'];
const QUICK = { advertIntervalMs: 250 };
const DOWN = masterDownMs(3, 100, 1000);

beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: A, eth2: '10.9.1.1' });
  lan.addHost('b', { eth1: B, eth2: '10.9.1.2' });
  witness = await lan.watch();
});
afterEach(() => lan.close());

/** a first: nobody is pre-empted, so whoever starts first keeps the role. */
async function started(config: Config): Promise<{ a: VrrpAgent; b: VrrpAgent }> {
  const a = await new VrrpAgent(lan, 'a', config).start().connect();
  const b = await new VrrpAgent(lan, 'b', config).start().connect();
  return { a, b };
}

async function elected(more: Partial<InstanceConfig> = {}): Promise<{ a: VrrpAgent; b: VrrpAgent }> {
  const { a, b } = await started(configuration([instance(more)]));
  await a.reaches('MASTER');
  await b.reaches('BACKUP');
  await witness.next(A, 0);
  return { a, b };
}

const owners = (): string[] => ['a', 'b'].filter((host) => lan.has(host, VIP));
const lastMs = (source: string): number => witness.last(source)?.atMs ?? 0;

describe('two VRRP processes', () => {
  it.each<[string, Partial<InstanceConfig>]>([
    ['version 3, unicast', {}],
    [
      'version 3, multicast, plain checksum, 100 ms',
      { transport: 'multicast', checksum: 'plain', advertIntervalMs: 100 },
    ],
    [
      'version 2, multicast, password',
      { version: 2, transport: 'multicast', authentication: { pass: { source: 'literal', value: 's3cret' } } },
    ],
  ])('elect the higher priority, which alone has the VIP: %s', async (_name, more) => {
    await elected(more);
    await until('one owner', () => owners().join() === 'a');
    expect(witness.last(B)).toBeUndefined();
    expect(lan.ip('a', '-o -4 addr show dev eth1')).toMatch(/10\.9\.0\.100\/32 .* valid_lft \d+sec/);
  });

  it('hand over after a crash within master_down + 50 ms; the dead one loses the VIP', async () => {
    const { a, b } = await elected();
    await a.signal('SIGKILL');
    const takeover = await witness.next(B, 0);
    const last = lastMs(A);
    console.log(`crash: ${(takeover.atMs - last).toFixed(1)} ms from last to first advertisement, master_down ${DOWN}`);
    expect(takeover.atMs - last).toBeLessThan(DOWN + 50);
    await b.reaches('MASTER');
    await until('the VIP leaves the dead one', () => owners().join() === 'b');
  });

  it('hand over a stop for good with priority 0, within the skew', async () => {
    const { a } = await elected();
    await a.stopForGood();
    const zero = await until('priority 0', () => witness.seen.find(({ priority }) => priority === 0));
    const takeover = await witness.next(B, zero.atMs);
    console.log(`stop: ${(takeover.atMs - zero.atMs).toFixed(1)} ms from priority 0 to the successor`);
    expect(takeover.atMs - zero.atMs).toBeLessThan(610 + 50);
    await until('one owner', () => owners().join() === 'b');
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('notice nothing of a restart after %s', async (signal) => {
    const { a, b } = await elected();
    const fromMs = lastMs(A);
    await a.signal(signal);
    expect(lan.has('a', VIP)).toBe(true);
    a.start();
    await a.connect();
    await a.reaches('MASTER');
    await witness.next(A, lastMs(A) + 4000);
    const gapMs = witness.longestGapMs(fromMs, lastMs(A));
    console.log(`restart after ${signal}: longest gap ${gapMs.toFixed(1)} ms`);
    expect(gapMs).toBeLessThan(DOWN);
    expect(witness.seen.filter(({ source, priority }) => source === B || priority === 0)).toEqual([]);
    expect(b.transitions.map(({ to }) => to)).not.toContain('MASTER');
  });

  it('notice nothing at 100 ms either of one that dies and has a twin, nor of a renewal', async () => {
    const quick = { advertIntervalMs: 100 };
    const config = configuration([instance(quick)]);
    const a = await new VrrpAgent(lan, 'a', config).start('in turn').connect();
    await a.reaches('MASTER');
    const b = await new VrrpAgent(lan, 'b', config).start().connect();
    await b.reaches('BACKUP');
    const fromMs = (await witness.next(A, lastMs(A))).atMs;
    const [works = 0, waits] = await until('one that waits', () => a.twins().length === 2 && a.twins());
    process.kill(works, 'SIGKILL');
    await until('the other works', () => a.twins()[0] === waits);
    await until('a third waits', () => a.twins().length === 2);
    await a.connect();
    await a.signal('SIGHUP');
    await until('a new one works', () => a.twins()[0] !== waits && a.twins().length === 2);
    await witness.next(A, lastMs(A) + 1000);
    console.log(`twins: longest gap ${witness.longestGapMs(fromMs, lastMs(A)).toFixed(1)} ms`);
    expect(witness.seen.filter(({ source, priority }) => source === B || priority === 0)).toEqual([]);
    expect(b.transitions.map(({ to }) => to)).not.toContain('MASTER');
  });

  it('do not fight after a stall: the stalled MASTER steps down before it sends', async () => {
    const { a, b } = await elected();
    await a.signal('SIGSTOP');
    await b.reaches('MASTER');
    const goesOnMs = Date.now();
    await a.signal('SIGCONT');
    await a.reaches('BACKUP');
    expect(a.instance()?.cause).toMatch(/^stalled: nothing was sent for \d{4,} ms, longer than master_down/);
    expect(a.latenessMs?.worst).toBeGreaterThan(DOWN - 1000);
    await until('one line of the journal tells it', () => a.lines.some((line) => line.includes('did not run for')));
    const told = a.lines.filter((line) => line.includes('did not run for'));
    expect(told).toEqual([expect.stringMatching(/^<4>the VRRP process did not run for \d{4,} ms /)]);
    await witness.next(B, lastMs(B) + 3000);
    expect(witness.seen.filter(({ source, atMs }) => source === A && atMs > goesOnMs)).toEqual([]);
    expect(owners()).toEqual(['b']);
  });

  it.each([false, true])('yield on request, and do not pre-empt back (preempt: %s)', async (preempt) => {
    const { a, b } = await elected({ preempt, ...QUICK });
    a.send({ type: 'yield', instance: 'public' });
    await b.reaches('MASTER');
    await witness.next(B, lastMs(B) + 2000);
    expect(a.instance()?.state).toBe('BACKUP');
    expect(owners()).toEqual(['b']);
  });

  it.each([false, true])('let a returning director pre-empt only when asked (preempt: %s)', async (preempt) => {
    const config = configuration([instance({ preempt, advertIntervalMs: 200 })]);
    const b = await new VrrpAgent(lan, 'b', config).start().connect();
    await b.reaches('MASTER');
    const a = await new VrrpAgent(lan, 'a', config).start().connect();
    await (preempt ? a.reaches('MASTER') : witness.next(B, lastMs(B) + 2000));
    await until('one owner', () => owners().join() === (preempt ? 'a' : 'b'));
  });

  it('put a deleted VIP back within 100 ms', async () => {
    await elected(QUICK);
    lan.ip('a', `addr del ${VIP}/32 dev eth1`);
    await until('the VIP is back', () => lan.has('a', VIP), 100);
  });

  it('follow the link: down is FAULT, up is BACKUP', async () => {
    const { a, b } = await elected(QUICK);
    lan.unplug('a');
    await a.reaches('FAULT');
    await b.reaches('MASTER');
    lan.plug('a');
    await a.reaches('BACKUP');
    await until('one owner', () => owners().join() === 'b');
  });
});

describe('a tracked script', () => {
  const track = (weight: number): InstanceConfig['track'] => ({
    interfaces: [],
    scripts: [{ name: 'x', weight }],
    services: [],
    files: [],
  });
  const say = (agent: VrrpAgent, state: 'up' | 'down'): void =>
    agent.send({ type: 'tracking', scripts: { x: state }, services: {} });

  it.each([
    ['of weight 0 that fails: FAULT', 0, false, 'FAULT'],
    ['with a weight: another priority, and pre-emption', -20, true, 'BACKUP'],
  ] as const)('%s', async (_name, weight, preempt, state) => {
    const config = configuration([instance({ track: track(weight), preempt, advertIntervalMs: 200 })]);
    const { a, b } = await started(config);
    say(a, 'up');
    say(b, 'up');
    await a.reaches('MASTER');
    say(a, 'down');
    await a.reaches(state);
    await b.reaches('MASTER');
    await until('one owner', () => owners().join() === 'b');
    say(a, 'up');
    await a.reaches(preempt ? 'MASTER' : 'BACKUP');
  });
});

describe('a sync group', () => {
  it('moves as a whole when one member loses its link', async () => {
    const speakers = [
      { director: 'a', interface: 'eth2', source: address('10.9.1.1'), priority: 110 },
      { director: 'b', interface: 'eth2', source: address('10.9.1.2'), priority: 100 },
    ];
    const inside = instance({ ...QUICK, name: 'inside', vrid: 52, vips: [vip('10.9.1.100')], speakers });
    const syncGroups = [{ name: 'g', members: ['public', 'inside'], notify: inside.notify, alert: false }];
    const { a, b } = await started(configuration([instance(QUICK), inside], { syncGroups }));
    await a.reaches('MASTER');
    await a.reaches('MASTER', 'inside');
    lan.unplug('a', 'eth2');
    await b.reaches('MASTER', 'inside');
    await b.reaches('MASTER');
    await until('the VIPs have moved', () => owners().join() === 'b' && !lan.has('a', '10.9.1.100'));
    expect(a.instance()?.cause).toContain('inside of sync group g');
  });
});
