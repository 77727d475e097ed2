import { describe, expect, it } from 'vitest';
import { Surroundings } from '../../src/agent/surroundings.ts';
import { FakeFirewall } from '../../src/kernel/fake-firewall.ts';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import { KernelError } from '../../src/kernel/kernel-error.ts';
import type { SyncDaemon } from '../../src/wire/ipvs.ts';
import { storedConfig, webTopology } from './config.ts';

/** The kernel takes at least 1024 bytes for the backup daemon, whatever it was told (net/netfilter/ipvs/ip_vs_sync.c). */
class RoundingIpvs extends FakeIpvs {
  readonly log: string[] = [];

  override async daemons(): Promise<readonly SyncDaemon[]> {
    return (await super.daemons()).map((one) => (one.role === 'backup' ? { ...one, maxlen: 1_024 } : one));
  }

  override async startDaemon(daemon: SyncDaemon): Promise<void> {
    this.log.push(`start ${daemon.role} ${daemon.interface} ${daemon.maxlen}`);
    return super.startDaemon(daemon);
  }

  override async stopDaemon(role: SyncDaemon['role']): Promise<void> {
    this.log.push(`stop ${role}`);
    return super.stopDaemon(role);
  }
}

const configWith = (top = '') => storedConfig(webTopology({ ports: [80], top })).config;
const STARTED = ['start master eth1 64', 'start backup eth1 64'];

describe('the sync daemons', () => {
  it('are started once, whatever the kernel makes of their figures, and adopted by the next agent', async () => {
    const ipvs = new RoundingIpvs();
    const first = new Surroundings(ipvs, new FakeFirewall());
    for (let round = 0; round < 3; round++) expect(await first.settle(configWith(), 'lb1')).toEqual([]);
    expect(await new Surroundings(ipvs, new FakeFirewall()).settle(configWith(), 'lb1')).toEqual([]);
    expect(ipvs.log).toEqual(STARTED);
  });

  it('are started anew when the configuration wants another figure, and stopped when it wants none', async () => {
    const ipvs = new RoundingIpvs();
    const one = new Surroundings(ipvs, new FakeFirewall());
    await one.settle(configWith(), 'lb1');
    await one.settle(configWith('sync: { maxlen: 256 }'), 'lb1');
    expect(ipvs.log.slice(2)).toEqual(['stop master', 'start master eth1 256', 'stop backup', 'start backup eth1 256']);
    await one.settle(configWith('sync: { enabled: false }'), 'lb1');
    expect(await ipvs.daemons()).toEqual([]);
  });

  it('are started again when somebody has stopped them', async () => {
    const ipvs = new RoundingIpvs();
    const one = new Surroundings(ipvs, new FakeFirewall());
    await one.settle(configWith(), 'lb1');
    await ipvs.stopDaemon('backup');
    await one.settle(configWith(), 'lb1');
    expect((await ipvs.daemons()).map(({ role }) => role)).toEqual(['master', 'backup']);
  });
});

it('sets the timeouts that the configuration names, and only those', async () => {
  const ipvs = new FakeIpvs();
  await new Surroundings(ipvs, new FakeFirewall()).settle(configWith('ipvs: { timeouts: { tcp: 20m } }'), 'lb1');
  expect(await ipvs.timeouts()).toEqual({ tcpMs: 1_200_000, tcpFinMs: 120_000, udpMs: 300_000 });
});

it('says what the firewall refuses, and goes on with the rest', async () => {
  const firewall = new FakeFirewall();
  firewall.failure = new KernelError({ operation: 'mark packets', target: '', errno: 0, detail: 'no firewall' });
  const marked = webTopology({ ports: [80], listen: '[10.77.1.100:80]', service: '    fwmark: 6\n' });
  const ipvs = new RoundingIpvs();
  expect(await new Surroundings(ipvs, firewall).settle(storedConfig(marked).config, 'lb1')).toEqual([
    'cannot mark packets: no firewall',
  ]);
  expect(ipvs.log).toEqual(STARTED);
});
