/** The planned hand-over between our VRRP processes: the kernel tells the order of things, a third host what clients notice. */
import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { configuration, instance } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

let lan: VrrpLan;
let witness: Witness;
const [A, B, VIP] = ['10.9.0.1', '10.9.0.2', '10.9.0.100'];
const YIELD = { type: 'yield', instance: 'public' } as const;
/** A busy machine needs more than the ten milliseconds of a quiet one. */
const PING_PATIENCE_SECONDS = 5;

beforeEach(async () => {
  lan = new VrrpLan();
  for (const [host, address] of [['a', A], ['b', B], ['c', '10.9.0.9']] as const) {
    lan.addHost(host, { eth1: address });
    // as on every director
    lan.exec(host, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2');
  } // biome-ignore format: a table
  witness = await lan.watch();
});
afterEach(() => lan.close());

/** a is MASTER. */
async function elected(more: Partial<InstanceConfig> = {}): Promise<{ a: VrrpAgent; b: VrrpAgent }> {
  const config = configuration([instance(more)]);
  const a = await new VrrpAgent(lan, 'a', config).start().connect();
  await a.reaches('MASTER');
  const b = await new VrrpAgent(lan, 'b', config).start().connect();
  await b.reaches('BACKUP');
  await witness.next(A, 0);
  return { a, b };
}

const owners = (): string => ['a', 'b'].filter((host) => lan.has(host, VIP)).join();

interface Moved {
  readonly atMs: number;
  readonly what: string;
}

/** What the kernel of a host says of the VIP, as it happens. */
function kernelOf(host: string): Moved[] {
  const moved: Moved[] = [];
  let rest = '';
  lan.spawn(host, ['stdbuf', '-oL', 'ip', '-ts', '-o', 'monitor', 'address']).stdout?.on('data', (text: Buffer) => {
    const lines = (rest + text.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, at = '', deleted, on = ''] = /^\[(\S+)\] (Deleted )?\d+: (\S+) +inet 10\.9\.0\.100\//.exec(line) ?? [];
      if (at !== '') moved.push({ atMs: Date.parse(at), what: `${on} ${deleted === undefined ? 'has' : 'lost'}` });
    }
  });
  return moved;
}

/** Who answers for the VIP when a host that does not know it asks. */
function arpAnswers(): string[] {
  const answers = lan.exec('c', 'sh', '-c', `arping -c 3 -w 3 -I eth1 ${VIP} || :`);
  return [...new Set([...answers.matchAll(/\[?((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/gi)].map(([, mac = '']) => mac.toLowerCase()))]; // biome-ignore format: one expression
}

function macOf(host: string): string {
  return /link\/ether (\S+)/.exec(lan.ip(host, 'link show dev eth1'))?.[1] ?? '';
}

/** Pings of the VIP from the third host, ten milliseconds apart. @returns ends them and gives the lost ones. */
async function pinging(): Promise<() => Promise<{ sent: number; lost: number }>> {
  const child: ChildProcess = lan.spawn('c', ['ping', '-i', '0.01', '-W', String(PING_PATIENCE_SECONDS), VIP]);
  let text = '';
  child.stdout?.on('data', (more: Buffer) => {
    text += more.toString();
  });
  const count = (): number => text.split('bytes from').length - 1;
  await until('the first answers', () => count() > 20);
  return async () => {
    const enough = count() + 100;
    await until('answers after the hand-over', () => count() >= enough);
    const ended = new Promise((done) => child.on('close', done));
    child.kill('SIGINT');
    await ended;
    const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
    // the last one may be on its way
    return { sent: Number(sent), lost: Math.max(0, Number(sent) - Number(received) - 1) };
  };
}

describe('a hand-over on request', () => {
  it('is make before break: no ping is lost, and afterwards the successor alone answers', async () => {
    const { a, b } = await elected();
    const [ofA, ofB] = [kernelOf('a'), kernelOf('b')];
    const stop = await pinging();
    await until('the kernel talks', () => ofA.length > 0); // it renews a lifetime with each advertisement
    a.send(YIELD);
    await b.reaches('MASTER');
    await a.reaches('BACKUP');
    expect(await stop()).toMatchObject({ lost: 0 });
    const lost = await until('eth1 of a loses it', () => ofA.find(({ what }) => what === 'eth1 lost'));
    const silent = ofA.find(({ what }) => what === 'lo has');
    expect(ofA.indexOf(silent ?? lost)).toBeLessThan(ofA.indexOf(lost));
    const taken = await until('eth1 of b has it', () => ofB.find(({ what }) => what === 'eth1 has'));
    console.log(`b has it ${(lost.atMs - taken.atMs).toFixed(0)} ms before a has lost it`);
    expect(ofA.filter(({ what }) => what === 'eth1 lost').length).toBe(1);
    expect(owners()).toBe('b');
    expect(lan.silentSeconds('a', VIP)).toBeGreaterThan(590);
    expect(arpAnswers()).toEqual([macOf('b')]);
    a.send({ type: 'end-lame-duck', instance: 'public' });
    await until('the loopback is free', () => lan.silentSeconds('a', VIP) === undefined);
  });

  it('waits for the relay of the successor, three seconds at most', async () => {
    const { a, b } = await elected({ advertIntervalMs: 200 });
    b.answersRelays = false;
    a.send(YIELD);
    const zero = await until('priority 0', () => witness.seen.find(({ priority }) => priority === 0));
    const takeover = await witness.next(B, zero.atMs);
    expect(takeover.atMs - zero.atMs).toBeGreaterThan(2_990);
    expect(witness.seen.filter(({ source, priority }) => source === A && priority === 0).length).toBeGreaterThan(10);
    await until('one owner', () => owners() === 'b');
  });

  it('costs an interval when the first priority 0 is lost, and no moment without an owner', async () => {
    const { a, b } = await elected();
    const [ofA, ofB] = [kernelOf('a'), kernelOf('b')];
    await until('the kernel talks', () => ofA.length > 0);
    lan.cut('a');
    a.send(YIELD);
    await until('it hands over', () => a.instance()?.handingOver !== undefined);
    lan.heal('a');
    await b.reaches('MASTER');
    await until('one owner', () => owners() === 'b');
    const lost = await until('eth1 of a loses it', () => ofA.find(({ what }) => what === 'eth1 lost'));
    const taken = await until('eth1 of b has it', () => ofB.find(({ what }) => what === 'eth1 has'));
    // the monitor stamps what it reads, a moment after it happened; without an owner it would be the skew of b, 609 ms
    expect(taken.atMs).toBeLessThan(lost.atMs + 200);
  });

  it('that nobody takes leaves everything as it was', async () => {
    const a = await new VrrpAgent(lan, 'a', configuration([instance({ advertIntervalMs: 250 })])).start().connect();
    await a.reaches('MASTER');
    const stop = await pinging();
    a.send(YIELD);
    await until('it hands over', () => a.instance()?.handingOver !== undefined);
    const kept = await until('it goes on', () => {
      const now = a.instance();
      return now?.handingOver === undefined && now?.cause.includes('nobody took it over') ? now : undefined;
    });
    expect(kept.state).toBe('MASTER');
    await witness.next(A, witness.seen.findLast(({ priority }) => priority === 0)?.atMs ?? 0);
    expect(await stop()).toMatchObject({ lost: 0 });
    expect(a.transitions.filter(({ from }) => from === 'MASTER')).toEqual([]);
  });
});

describe('a stop for good', () => {
  it('loses no ping, and leaves a lame duck to the kernel for a minute at most', async () => {
    const { a, b } = await elected();
    const stop = await pinging();
    await a.stopForGood();
    expect(await stop()).toMatchObject({ lost: 0 });
    expect([owners(), b.instance()?.state]).toEqual(['b', 'MASTER']);
    expect(lan.silentSeconds('a', VIP)).toBeGreaterThan(30);
    expect(lan.silentSeconds('a', VIP)).toBeLessThanOrEqual(60);
    expect(arpAnswers()).toEqual([macOf('b')]);
  });

  it('lets go in time when nobody takes it', async () => {
    const a = await new VrrpAgent(lan, 'a', configuration([instance({ advertIntervalMs: 250 })])).start().connect();
    await a.reaches('MASTER');
    await a.stopForGood();
    expect([lan.has('a', VIP), lan.silentSeconds('a', VIP)]).toEqual([false, undefined]);
  });
});

describe('a lame duck', () => {
  it('that is killed stays silent; the next process knows of it, and takes over with it when it must', async () => {
    const { a, b } = await elected({ advertIntervalMs: 250 });
    a.send(YIELD);
    await b.reaches('MASTER');
    await a.reaches('BACKUP');
    await a.signal('SIGKILL');
    expect(lan.silentSeconds('a', VIP)).toBeGreaterThan(500);
    a.start();
    await a.connect();
    await a.reaches('BACKUP');
    expect(a.instance()?.lameDuckUntil).toBeGreaterThan(Date.now() + 500_000);
    await b.signal('SIGKILL');
    await a.reaches('MASTER');
    expect([lan.has('a', VIP), lan.silentSeconds('a', VIP)]).toEqual([true, undefined]);
  });
});
