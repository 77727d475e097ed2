import { describe, expect, it } from 'vitest';
import { loadTopology } from '../../src/config/load.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { EVERYTHING } from '../../src/facts/input-filter.ts';
import { blockedBy, blockedWords, openingCommands } from '../../src/operations/inbound.ts';
import type { Context } from '../../src/operations/operation.ts';
import { setSysctls } from '../../src/operations/sysctls.ts';
import { freshFacts } from '../operations/facts.ts';

function lb1(service: string, instance = '', director = '') {
  const text = `
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11, eth2: 10.77.2.11 }${director} }
  lb2: { dip: { eth1: 10.77.1.12, eth2: 10.77.2.12 } }
realservers:
  near: { rip: 10.77.1.21, gateway: 10.77.2.1 }
  back: { rip: 10.77.2.22, gateway: 10.77.2.1 }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100], extra_vips: [{ address: 10.77.2.1, interface: eth2 }], prefer: [lb1, lb2]${instance} }
services:
  a: { listen: 10.77.1.100:80, scheduler: wrr, ${service} }
`;
  const loaded = loadTopology(text, 'topology.yaml');
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return wantedHosts(loaded.config).find(({ host }) => host === 'lb1')!;
}

const settings = (...given: Parameters<typeof lb1>) =>
  Object.entries(lb1(...given).sysctls).flatMap(([key, value]) =>
    /accept_local|rp_filter/.test(key) ? [`${key.replace('net.ipv4.conf.', '')}=${value}`] : [],
  );
const VIA = 'checks: [{ tcp: true, via: vip }]';

describe('what in-path probes need of a director', () => {
  it('is that it takes answers from its own VIP where they come in, and a loose filter where the VIP is elsewhere', () => {
    expect(settings(`mode: dr, ${VIA}`)).toEqual(['eth1.accept_local=1', 'eth2.accept_local=1', 'eth2.rp_filter=2']);
    expect(settings(`mode: tun, realservers: [near], ${VIA}`)).toEqual(['eth1.accept_local=1']);
    expect(settings(`mode: dr, realservers: [near], ${VIA}`, ', virtual_mac: { enabled: true }')).toContain(
      'eth1.rp_filter=2',
    );
  });

  it('is nothing of that with NAT, nor without such checks', () => {
    expect(settings(`mode: nat, ${VIA}`)).toEqual([]);
    expect(settings('mode: dr, checks: [{ tcp: true }]')).toEqual([]);
  });

  it('gives way to what the topology says', () => {
    expect(
      settings(`mode: dr, realservers: [near], ${VIA}`, '', ', sysctl: { net.ipv4.conf.eth1.accept_local: 0 }'),
    ).toEqual(['eth1.accept_local=0']);
  });

  it('tells what it costs', () => {
    const facts = freshFacts({ sysctls: { 'net.ipv4.conf.eth1.accept_local': '0' } });
    const decided = setSysctls.decide(lb1(`mode: dr, realservers: [near], ${VIA}`), facts, {} as Context);
    expect('changes' in decided && decided.changes).toEqual([
      {
        sign: '~',
        what: 'sysctl net.ipv4.conf.eth1.accept_local = 1',
        why: "is 0; for answers to checks via: vip, which come from the VIP: packets that come in by eth1 may then name this host's own addresses as their source",
      },
    ]);
  });

  it('loads the scheduler of their services, beside those of the topology', () => {
    const names = (service: string) => lb1(service).modules.map(({ name }) => name);
    expect(names(`mode: dr, ${VIA}`)).toEqual(expect.arrayContaining(['ip_vs_rr', 'ip_vs_wrr']));
    expect(names('mode: dr')).not.toContain('ip_vs_rr');
  });

  it('is a way through the firewall for the answers', () => {
    const filter = {
      ...{ families: [4] as const, program: 'nft', table: 'inet filter', base: 'input', drops: true },
      chains: {
        input: [
          { ...EVERYTHING, states: ['established', 'related'], verdict: 'accept' as const },
          { ...EVERYTHING, protocols: ['tcp'], ports: [[80, 80]] as const, verdict: 'accept' as const },
        ],
      },
    };
    const { inbound } = lb1(`mode: dr, ${VIA}`);
    const answers = inbound.filter(({ purpose }) => purpose.startsWith('answers to checks'));
    const blocked = blockedBy(filter, answers);
    expect(blockedWords(blocked)).toEqual(['tcp port 61000–65535 (answers to checks via: vip)']);
    expect(openingCommands(filter, blocked)).toEqual([
      'nft insert rule inet filter input tcp dport 61000-65535 accept',
    ]);
    expect(openingCommands({ ...filter, program: 'iptables', base: 'INPUT' }, blocked)).toEqual([
      'iptables -I INPUT -p tcp --dport 61000:65535 -j ACCEPT',
    ]);
  });
});
