/** Who else has a VIP, asked with real packets (RFC 5227, RFC 4862 section 5.4), and who else speaks for our VRID. */
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { configuration, instance, instance6 } from '../vrrp/configuration.ts';
import { keepalived } from './interop/keepalived.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

let lan: VrrpLan;
let witness: Witness;
const VIP = '10.9.0.100';
const VIP6 = 'fd09::100';
/** Of the third host. */
const FOREIGN = '02:00:00:00:01:03';

beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: ['10.9.0.1', 'fd09::1'] });
  lan.addHost('b', { eth1: ['10.9.0.2', 'fd09::2'] });
  lan.addHost('f', { eth1: ['10.9.0.3', 'fd09::3'] });
  witness = await lan.watch();
});
afterEach(() => lan.close());

const start = (host: string, one: InstanceConfig, more: Partial<Config> = {}): Promise<VrrpAgent> =>
  new VrrpAgent(lan, host, configuration([one], more)).start().connect();
const quick = instance({ advertIntervalMs: 100 });

describe('a foreign owner of the VIP', () => {
  it('is found by its answer to the probe: FAULT with its MAC, nothing is sent; when it goes, all is well', async () => {
    lan.ip('f', `addr add ${VIP}/32 dev eth1`);
    const a = await start('a', quick);
    const { cause } = await a.reaches('FAULT');
    expect(cause).toBe(`${VIP} on eth1 is in use by ${FOREIGN}, which answers for it and is no director`);
    expect([lan.has('a', VIP), witness.seen.length]).toEqual([false, 0]);
    lan.ip('f', `addr del ${VIP}/32 dev eth1`);
    expect((await a.reaches('MASTER')).vips).toEqual([VIP]);
    expect(a.transitions.map(({ to }) => to)).toEqual(['BACKUP', 'FAULT', 'BACKUP', 'MASTER'].slice(-a.transitions.length)); // biome-ignore format: short
  });

  it('of an IPv6 address is found by duplicate address detection', async () => {
    lan.ip('f', `addr add ${VIP6}/128 dev eth1 nodad`);
    const a = await start('a', instance6({ advertIntervalMs: 100 }));
    expect((await a.reaches('FAULT')).cause).toContain(`${VIP6} on eth1 is in use by ${FOREIGN}`);
    lan.ip('f', `addr del ${VIP6}/128 dev eth1`);
    await a.reaches('MASTER');
    expect(lan.has('a', VIP6)).toBe(true);
  });

  it('is a realserver that answers for the VIP on its loopback, and none where arp_ignore is 1', async () => {
    lan.ip('f', `addr add ${VIP}/32 dev lo`);
    const a = await start('a', quick);
    expect((await a.reaches('FAULT')).cause).toContain(FOREIGN);
    lan.exec('f', 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1');
    await a.reaches('MASTER');
  });

  it('is not a director that still has the address, without advertising it', async () => {
    lan.ip('b', `addr add ${VIP}/32 dev eth1`);
    const a = await start('a', quick);
    await a.reaches('MASTER');
    expect(a.transitions.map(({ to }) => to)).not.toContain('FAULT');
  });

  it('is not a router that answers for every address', async () => {
    const said: string[] = [];
    const program = resolve(import.meta.dirname, 'vrrp/proxy-arp-program.ts');
    const proxy = lan.spawn('f', [process.execPath, program, FOREIGN]);
    for (const stream of [proxy.stdout, proxy.stderr]) stream?.on('data', (text: Buffer) => said.push(text.toString()));
    await until(
      () => `it answers; it says ${said.join('')}`,
      () => said.join('').includes('answers whoever asks'),
    );
    const a = await start('a', quick);
    await a.reaches('MASTER');
    for (const asked of [VIP, '10.9.0.1']) expect(said.join('')).toContain(`answers for ${asked}\n`);
    expect(a.transitions.map(({ to }) => to)).not.toContain('FAULT');
  });

  it('is not a second interface of our own in the same network', async () => {
    lan.ip('a', `link add eth9 link eth1 type macvlan mode bridge`);
    lan.ip('a', `addr add ${VIP}/32 dev eth9`);
    lan.ip('a', 'link set eth9 up');
    const a = await start('a', quick);
    await a.reaches('MASTER');
    expect(a.transitions.map(({ to }) => to)).not.toContain('FAULT');
  });
});

describe('directors', () => {
  it('that start at once both probe, and one is MASTER', async () => {
    const agents = await Promise.all([start('a', quick), start('b', quick)]);
    const states = (): string =>
      agents
        .map((one) => one.instance()?.state)
        .sort()
        .join();
    await until(states, () => states() === 'BACKUP,MASTER');
    expect(agents.flatMap(({ transitions }) => transitions.map(({ to }) => to))).not.toContain('FAULT');
  });

  it('that start beside a keepalived that is MASTER take its answer for what it is, and wait for nobody when it dies', async () => {
    const conf = { version: 3, family: 4, transport: 'unicast', priority: 200, preempt: false, intervalMs: 1000, vips: [VIP], password: null, peer: '10.9.0.1' } as const; // biome-ignore format: short
    const peer = keepalived(lan, 'b', conf);
    await peer.start();
    await until('keepalived is MASTER', () => peer.holds(VIP), 15_000, 50);
    const a = await start('a', instance());
    await until('it is heard', () => a.instance()?.master === '10.9.0.2');
    expect(a.transitions.map(({ to }) => to)).not.toContain('FAULT');
    await peer.crash();
    expect((await a.reaches('MASTER')).cause).toBe('10.9.0.2 is not heard any more');
  });
});

describe('a foreign keepalived with our VRID and other addresses', () => {
  const conf = { family: 4, transport: 'multicast', priority: 200, preempt: true, intervalMs: 1000, vips: ['10.9.0.200'], password: null, peer: '10.9.0.1' } as const; // biome-ignore format: short

  it.each([
    { version: 3, ours: 'unicast', why: 'transport' },
    { version: 2, ours: 'multicast', why: 'version-mismatch' },
  ] as const)(
    'of version $version is named where we speak by $ours, and changes nothing',
    async ({ version, ours, why }) => {
      const a = await start('a', { ...quick, transport: ours });
      await a.reaches('MASTER');
      const other = keepalived(lan, 'f', { ...conf, version });
      await other.start();
      const said = await until('it is heard', () => a.instance()?.strangers?.[0]);
      expect(said).toMatchObject({
        source: '10.9.0.3',
        isKnown: false,
        version,
        priority: 200,
        addresses: ['10.9.0.200'],
      });
      expect(a.instance()).toMatchObject({ state: 'MASTER', dropped: { [why]: expect.any(Number) } });
      expect(a.transitions.map(({ to }) => to)).not.toContain('FAULT');
      expect(lan.has('a', VIP)).toBe(true);
    },
  );
});
