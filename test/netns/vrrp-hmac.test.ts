/** Directors that sign, in namespaces: each packet is checked by the witness, and strangers send what they have overheard or made up. */
import { createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { KEY as EXCHANGE_KEY, keyText } from '../agent/exchange/directors.ts';
import { address, configuration, instance, instance6 } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import type { SeenAdvert } from './vrrp/frames.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

const [A, B, VIP] = ['10.9.0.1', '10.9.0.2', '10.9.0.100'];
const INTERVAL = 250;
const KEY = '5a'.repeat(32);
const OTHER = 'c3'.repeat(32);
const hmac = (hex: string, id: number, mode: 'permissive' | 'enforce' = 'enforce'): Partial<InstanceConfig> => ({
  hmac: { key: { source: 'literal', value: `${id} hex:${hex}` }, mode },
});
const AGENT = resolve(import.meta.dirname, '../../src/agent.ts');
const FRAMES = resolve(import.meta.dirname, 'vrrp-frames-program.ts');

let lan: VrrpLan;
let witness: Witness;
beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: [A, 'fd09::1'] });
  lan.addHost('b', { eth1: [B, 'fd09::2'] });
  lan.addHost('stranger', { eth1: '10.9.0.9' });
  witness = await lan.watch();
});
afterEach(() => lan.close());

const isSignedWith = ({ signature }: SeenAdvert, hex: string): boolean =>
  signature !== null &&
  createHmac('sha256', Buffer.from(hex, 'hex')).update(signature.covers).digest().subarray(0, 16).equals(signature.mac);

/** From the stranger's interface. */
function send(frames: readonly Buffer[]): void {
  const file = join(lan.dir, 'frames');
  writeFileSync(file, frames.map((frame) => frame.toString('hex')).join('\n'));
  lan.exec('stranger', process.execPath, FRAMES, 'eth1', file);
}

/** A frame of `source`, with other VRRP bytes, no trailer and a right checksum: version 3 over IPv4. */
function unsigned(frame: Buffer, source: string, priority: number): Buffer {
  const bytes = Buffer.from(frame.subarray(0, 14 + 20 + 12));
  bytes.set([2, 0, 0, 0, 1, 3], 6); // the stranger's own: the bridge shall not look for a's there
  bytes.writeUInt16BE(32, 16);
  bytes.set(source.split('.').map(Number), 26);
  bytes.writeUInt16BE(0, 24);
  bytes.writeUInt16BE(0xffff - sum(bytes.subarray(14, 34)), 24);
  bytes.writeUInt8(priority, 36);
  bytes.writeUInt16BE(0, 40);
  bytes.writeUInt16BE(0xffff - sum(bytes.subarray(34, 46)), 40);
  return bytes;
}

function sum(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += bytes.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

async function elected(more: Partial<InstanceConfig>): Promise<{ a: VrrpAgent; b: VrrpAgent }> {
  const config = configuration([instance({ advertIntervalMs: INTERVAL, ...more })]);
  const a = await new VrrpAgent(lan, 'a', config).start().connect();
  const b = await new VrrpAgent(lan, 'b', config).start().connect();
  await a.reaches('MASTER');
  await b.reaches('BACKUP');
  await until('b hears a', () => (b.instance()?.advertsReceived ?? 0) > 4);
  return { a, b };
}

describe('two directors that sign', () => {
  it.each<[string, Partial<InstanceConfig>, SeenAdvert['checksum']]>([
    ['IPv4 by unicast', {}, 'pseudo-header'],
    ['IPv4 by multicast, plain checksum', { transport: 'multicast', checksum: 'plain' }, 'plain'],
    ['version 2', { version: 2, advertIntervalMs: 1000 }, 'plain'],
    ['IPv6 by unicast', instance6(), 'pseudo-header'],
    ['IPv6 by multicast', instance6({ transport: 'multicast' }), 'pseudo-header'],
  ])('%s: elect one, every packet is signed, and a dead one is replaced', async (_name, more, checksum) => {
    const { a, b } = await elected({
      ...more,
      advertIntervalMs: more.version === 2 ? 1000 : INTERVAL,
      ...hmac(KEY, 5),
    });
    expect(b.instance()?.dropped).toEqual({});
    await a.signal('SIGKILL');
    await b.reaches('MASTER');
    await until('b is seen', () => new Set(witness.seen.map(({ source }) => source)).size === 2);
    expect(witness.seen.length).toBeGreaterThan(4);
    for (const seen of witness.seen) {
      expect([isSignedWith(seen, KEY), isSignedWith(seen, OTHER), seen.signature?.keyId]).toEqual([true, false, 5]);
      expect(seen.checksum).toBe(checksum);
    }
  });

  it("a restart of the MASTER's process is believed at once, and of a BACKUP's it believes at once", async () => {
    const { a, b } = await elected(hmac(KEY, 5));
    for (const agent of [a, b]) {
      await agent.signal('SIGTERM');
      await agent.start().connect();
    }
    await a.reaches('MASTER');
    await until('b hears a', () => (b.instance()?.advertsReceived ?? 0) > 4);
    expect([a.instance()?.state, b.instance()?.state]).toEqual(['MASTER', 'BACKUP']);
    expect(b.instance()?.dropped).toEqual({});
    expect(witness.seen.some(({ source }) => source === B)).toBe(false);
  });
});

describe('a stranger on the segment', () => {
  it('that says priority 255 or 0 in the name of either, unsigned, changes nothing', async () => {
    const { a, b } = await elected(hmac(KEY, 5));
    const moves = (): unknown[] => [a, b].map((one) => [one.instance()?.state, one.instance()?.transitions]);
    const before = moves();
    const toB = witness.frames[0]!;
    const toA = Buffer.from(toB);
    toA.set(toB.subarray(6, 12), 0);
    toA.set(B.split('.').map(Number), 26);
    toA.set(A.split('.').map(Number), 30);
    const forged = [255, 0].flatMap((priority) => [unsigned(toB, A, priority), unsigned(toA, B, priority)]);
    send(Array.from({ length: 50 }, () => forged).flat());
    await until('both have dropped them', () => [a, b].every((one) => one.instance()?.dropped['hmac-missing'] === 100));
    expect(moves()).toEqual(before);
    expect([lan.has('a', VIP), lan.has('b', VIP)]).toEqual([true, false]);
  });

  it('that repeats what the MASTER said, while it lives and when it is dead, changes nothing', async () => {
    const { a, b } = await elected(hmac(KEY, 5));
    await until('ten of a', () => witness.frames.length > 10);
    send(witness.frames);
    await until('b drops them', () => (b.instance()?.dropped['hmac-replayed'] ?? 0) >= 10);
    await a.signal('SIGKILL');
    const recorded = witness.frames.filter((_, index) => witness.seen[index]?.source === A);
    send(recorded);
    await b.reaches('MASTER');
    const before = b.transitions.length;
    send([...recorded, ...recorded]);
    await until('b drops them, too', () => (b.instance()?.dropped['hmac-replayed'] ?? 0) >= recorded.length * 3);
    expect([b.transitions.length, b.instance()?.state]).toEqual([before, 'MASTER']);
  });
});

/** Both processes of a director, real, with a folder of its own. */
class Director {
  readonly vrrp: VrrpAgent;
  readonly #host: string;
  readonly #folder: string;

  constructor(host: string, first: Partial<InstanceConfig>) {
    this.#host = host;
    this.#folder = join(lan.dir, `agent-${host}`);
    mkdirSync(this.#folder);
    writeFileSync(join(this.#folder, 'exchange.key'), keyText(EXCHANGE_KEY), { mode: 0o600 });
    writeFileSync(join(this.#folder, 'config.json'), this.#stored(1, first));
    this.vrrp = new VrrpAgent(lan, host, configuration([]));
  }

  async start(): Promise<this> {
    const at = (name: string): string => join(this.#folder, name);
    const vrrpSocket = join(lan.dir, `${this.#host}.sock`);
    const own = ['--config', at('config.json'), '--protections', at('hmac.json'), '--clocks', at('clocks.json')];
    await this.vrrp.start('alone', ...own).connect();
    const files = ['--config', at('config.json'), '--socket', at('control.sock'), '--vrrp-socket', vrrpSocket];
    const mark = ['--handover', join(lan.dir, `${this.#host}.handover`)];
    const child = lan.spawn(this.#host, [process.execPath, AGENT, ...files, ...mark]);
    child.stdout?.on('data', (text: Buffer) => this.vrrp.lines.push(text.toString()));
    child.stderr?.resume();
    await until(
      () => `the supervisor of ${this.#host} is linked; ${this.vrrp.lines}`,
      () => this.vrrp.lines.some((line) => line.includes('the VRRP process answers')),
    );
    return this;
  }

  /** As apply gives it. */
  give(generation: number, more: Partial<InstanceConfig>): Promise<number> {
    const { promise, resolve: done, reject } = Promise.withResolvers<number>();
    const put = request(
      { socketPath: join(this.#folder, 'control.sock'), method: 'PUT', path: '/v1/config', timeout: 10_000 },
      (response) => done(response.resume().statusCode ?? 0),
    );
    put.on('error', reject).end(this.#stored(generation, more));
    return promise;
  }

  #stored(generation: number, more: Partial<InstanceConfig>): string {
    const directors = ([['a', A], ['b', B]] as const).map(([name, dip]) => {
      return { name, dips: [{ interface: 'eth1', address: address(dip) }], vips: [], ssh: {}, sysctl: {} };
    }); // biome-ignore format: short
    const config = configuration([instance({ advertIntervalMs: INTERVAL, ...more })], { directors });
    return JSON.stringify({ generation, hash: `h${generation}`, self: this.#host, config });
  }
}

describe('two whole directors', () => {
  it('change from unsigned to a key, to another and back, one after the other, and lose no advertisement', async () => {
    const a = await new Director('a', {}).start();
    await a.vrrp.reaches('MASTER');
    const b = await new Director('b', {}).start();
    await b.vrrp.reaches('BACKUP');
    const transitions = [a.vrrp.transitions.length, b.vrrp.transitions.length];
    const fromMs = (await witness.next(A, 0)).atMs;
    const steps = [
      [hmac(KEY, 5), (seen: SeenAdvert) => isSignedWith(seen, KEY)],
      [hmac(OTHER, 6), (seen: SeenAdvert) => isSignedWith(seen, OTHER)],
      [hmac(KEY, 6), (seen: SeenAdvert) => isSignedWith(seen, KEY)],
      [{}, ({ signature }: SeenAdvert) => signature === null],
    ] as const;
    for (const [index, [change, isChanged]] of steps.entries()) {
      const generation = index + 2;
      expect(await b.give(generation, change)).toBe(200);
      const givenMs = Date.now();
      const between = await witness.next(A, givenMs);
      expect(isChanged(between), 'a director alone begins nothing').toBe(false);
      expect(await a.give(generation, change)).toBe(200);
      await until(
        () => `a sends the new kind; ${a.vrrp.lines.join('\n')}`,
        () => witness.seen.some((seen) => seen.atMs > givenMs && isChanged(seen)),
        20_000,
      );
      await until('and b is told', () => b.vrrp.instance()?.hmac?.agreed !== false);
    }
    await until('b hears on', () => (b.vrrp.instance()?.advertsReceived ?? 0) > 20);
    const untilMs = (await witness.next(A, Date.now())).atMs;
    expect(witness.longestGapMs(fromMs, untilMs)).toBeLessThan(3 * INTERVAL);
    expect([a.vrrp.transitions.length, b.vrrp.transitions.length]).toEqual(transitions);
    expect([a.vrrp.instance()?.dropped, b.vrrp.instance()?.dropped]).toEqual([{}, {}]);
    expect(witness.seen.some(({ source }) => source === B)).toBe(false);
    expect([...a.vrrp.lines, ...b.vrrp.lines].join()).not.toContain(KEY.slice(0, 8));
  });
});
