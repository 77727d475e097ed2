/** The preflight warns of a manager that will fight for the addresses, and of whoever else made services in IPVS. */
import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import type { RivalFacts } from '../../src/facts/rivals.ts';
import { problemsOf } from '../../src/operations/preconditions.ts';
import { questionFor } from '../../src/operations/question.ts';
import { warningsOf } from '../../src/operations/rivals.ts';
import { topology } from '../desired/topology.ts';
import { agentState } from '../facts/agent-state.ts';
import { freshFacts, runningAgent, satisfied } from './facts.ts';

const [lb1, , web1] = wantedHosts(topology('dr'));
const NONE: RivalFacts = { networkd: {}, networkManager: [], dhcpcd: false, services: [] };
const active = { active: true, enabled: true, stale: false };
const fresh = (rivals: Partial<RivalFacts>, units = {}) => freshFacts({ rivals: { ...NONE, ...rivals }, units });

describe('preflight', () => {
  it('warns of nothing on a director of its own, and never on a realserver', () => {
    expect(warningsOf(lb1!, fresh({}))).toEqual([]);
    expect(warningsOf(web1!, fresh({ dhcpcd: true }))).toEqual([]);
    expect(warningsOf(lb1!, freshFacts())).toEqual([]);
    const stopped = { networkd: { eth1: '/etc/systemd/network/eth1.network' }, networkManager: ['eth1'] };
    expect(warningsOf(lb1!, fresh(stopped))).toEqual([]);
  });

  it.each<[string, Partial<RivalFacts>, Readonly<Record<string, typeof active>>, string]>([
    [
      'systemd-networkd',
      { networkd: { eth1: '/etc/systemd/network/eth1.network' } },
      { 'systemd-networkd.service': active },
      'systemd-networkd takes the VIPs off eth1 whenever it configures that anew; they come back within 100 ms; with KeepConfiguration=yes in /etc/systemd/network/eth1.network they stay.',
    ],
    [
      'NetworkManager',
      { networkManager: ['eth1'] },
      { 'NetworkManager.service': active },
      'NetworkManager takes the VIPs off eth1 whenever',
    ],
    ['dhcpcd', { dhcpcd: true }, {}, 'dhcpcd runs here'],
    ['a cloud agent', {}, { 'google-guest-agent.service': active }, 'google-guest-agent.service runs here and may'],
    [
      'other IPVS services',
      { services: ['tcp 10.77.1.100:80', 'tcp 10.9.9.9:99', 'fwm 6', 'udp [2001:db8::1]:53', 'tcp 10.9.9.9:98'] },
      {},
      'IPVS has services that the topology does not name (tcp 10.9.9.9:99, fwm 6, udp [2001:db8::1]:53 and 1 more); they stay',
    ],
  ])('warns of a manager that will fight: %s', (_who, rivals, units, words) => {
    const warnings = warningsOf(lb1!, fresh(rivals, units));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(words);
  });

  it('takes what has a reserved mark for an agent’s that does not run now', () => {
    expect(warningsOf(lb1!, fresh({ services: [`fwm ${0x4c56_0000}`, `fwm ${0x4c56_ffff}`] }))).toEqual([]);
    const beyond = fresh({ services: [`fwm ${0x4c57_0000}`] });
    expect(warningsOf(lb1!, beyond)[0]).toContain(`(fwm ${0x4c57_0000})`);
  });

  it('believes a running agent about whose services they are', () => {
    const service = {
      protocol: 'tcp' as const,
      address: '10.9.9.9',
      port: 99,
      mark: null,
      scheduler: 'rr',
      flags: [],
      persistenceMs: 0,
      destinations: [],
    };
    const services = [
      { ...service, name: null },
      { ...service, name: 'http', port: 80 },
      { ...service, name: null, port: 98 },
    ];
    const leaving = ['10.77.1.21:98 of tcp 10.9.9.9:98'];
    const state = agentState({ ipvs: { inSync: true, error: null, leaving, services } });
    const facts = { ...satisfied(lb1!), agent: runningAgent({ state }), rivals: NONE };
    expect(warningsOf(lb1!, facts)).toEqual([expect.stringContaining('(tcp 10.9.9.9:99)')]);
  });

  it('refuses a director on which another program balances', () => {
    for (const [name, remedy] of [
      ['keepalived', 'lvsctl migrate lb1'],
      ['ldirectord', 'systemctl disable --now ldirectord'],
    ]) {
      const problems = problemsOf(lb1!, fresh({}, { [`${name}.service`]: active }), 'check');
      expect(problems).toContainEqual(expect.stringContaining(remedy!));
    }
    expect(questionFor(lb1!, null).units.map(({ name }) => name)).toContain('ldirectord.service');
  });
});
