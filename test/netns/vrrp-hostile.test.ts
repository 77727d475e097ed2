/** What must not stop the VRRP process, nor move a role: packets, link messages and configurations that are wrong. */
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address, configuration, instance, vip } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

let lan: VrrpLan;
let witness: Witness;
const [A, B, VIP] = ['10.9.0.1', '10.9.0.2', '10.9.0.100'];

beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: A, eth2: ['10.9.1.1', 'fd19::1'] });
  lan.addHost('b', { eth1: B, eth2: '10.9.1.2' });
  witness = await lan.watch({ filter: `ip proto 112 and src ${A}` });
});
afterEach(() => lan.close());

const FLOOD = resolve(import.meta.dirname, 'vrrp-flood-program.ts');

describe('the VRRP process', () => {
  it('survives 40,000 packets that it must not believe, counts them, and stays MASTER without a gap', async () => {
    const config = configuration([instance({ transport: 'multicast' })]);
    const a = await new VrrpAgent(lan, 'a', config).start().connect();
    await a.reaches('MASTER');
    const fromMs = (await witness.next(A, 0)).atMs;
    lan.exec('b', process.execPath, FLOOD, B, A);
    const untilMs = (await witness.next(A, Date.now() + 2000)).atMs;
    const drops = await until('drops are told', () => {
      const { dropped } = a.instance() ?? {};
      return dropped !== undefined && Object.keys(dropped).length > 2 && dropped;
    });
    expect(drops['checksum']).toBeGreaterThan(100);
    expect(a.instance()?.state).toBe('MASTER');
    expect(a.transitions.filter(({ from }) => from === 'MASTER')).toEqual([]);
    const own = witness.seen.filter(({ source, atMs }) => source === A && atMs >= fromMs && atMs <= untilMs);
    const gaps = own.slice(1).map(({ atMs }, index) => atMs - (own[index]?.atMs ?? atMs));
    expect(Math.max(...gaps)).toBeLessThan(2000);
    expect(a.lines.length).toBeLessThan(30);
  });

  it('refuses a broken configuration by name and goes on with the old one', async () => {
    const a = await new VrrpAgent(lan, 'a', configuration([instance({ advertIntervalMs: 250 })])).start().connect();
    await a.reaches('MASTER');
    a.writeConfig({ cluster: 'broken' } as never);
    a.send({ type: 'config', config: {} as never });
    await until('the refusal', () => a.lines.some((line) => line.startsWith('<3>configuration refused')));
    a.writeConfig(configuration([instance({ advertIntervalMs: 250, vips: [vip(VIP), vip('10.9.0.101')] })]));
    a.send({ type: 'config', config: {} as never });
    await until('the new VIP', () => lan.has('a', '10.9.0.101'));
    expect(a.transitions.filter(({ from }) => from === 'MASTER')).toEqual([]);
  });

  it('starts without a configuration, and takes the first one that comes', async () => {
    const a = new VrrpAgent(lan, 'a', configuration([instance({ advertIntervalMs: 250 })]));
    a.removeConfig();
    await a.start().connect();
    expect(a.instance()).toBeUndefined();
    a.writeConfig(configuration([instance({ advertIntervalMs: 250 })]));
    a.send({ type: 'config', config: {} as never });
    await a.reaches('MASTER');
  });

  it('holds the addresses of a director without VRRP, each where its network is, and takes them out when it stops', async () => {
    const held = ['10.9.0.106', '10.9.1.2', 'fd19::2'];
    const dips = [{ interface: 'eth1', address: address(A) }];
    const directors = [{ name: 'a', dips, vips: held.map((text) => vip(text)), ssh: {}, sysctl: {} }];
    const a = await new VrrpAgent(lan, 'a', configuration([], { directors })).start().connect();
    await until('all are there', () => held.every((text) => lan.has('a', text)));
    for (const text of ['10.9.1.2/32', 'fd19::2/128']) {
      expect(lan.ip('a', '-o addr show dev eth2')).toContain(` ${text} `);
      lan.ip('a', `addr del ${text} dev eth2`);
      await until('it is back', () => lan.ip('a', '-o addr show dev eth2').includes(` ${text} `), 200);
    }
    await a.stopForGood();
    expect(held.filter((text) => lan.has('a', text))).toEqual([]);
  });
});
