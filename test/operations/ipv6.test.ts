import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import type { HostFacts } from '../../src/facts/host.ts';
import { ipv6Problems } from '../../src/operations/ipv6.ts';
import { questionFor } from '../../src/operations/question.ts';
import { topology } from '../desired/topology.ts';
import { address, freshFacts } from './facts.ts';

const all = wantedHosts(topology('ipv6'));
const [lb1, web1, web3] = ['lb1', 'web1', 'web3'].map((name) => all.find(({ host }) => host === name)!);
const ON_LO = 'net.ipv6.conf.lo.disable_ipv6';

describe('what a host must be like for IPv6', () => {
  it('is asked of those whom it concerns', () => {
    expect(questionFor(web1!, null).sysctls).toContain(ON_LO);
    expect(questionFor(web3!, null)).toMatchObject({ ipv6: true });
    expect(questionFor(web3!, null).sysctls).not.toContain(ON_LO);
    expect(questionFor(lb1!, null).sysctls).toContain('net.ipv6.conf.eth2.accept_ra');
    expect(questionFor(lb1!, null).destinations).toContain('2000::');
    for (const wanted of wantedHosts(topology('nat'))) {
      const { sysctls, destinations, ipv6 } = questionFor(wanted, null);
      expect([...sysctls.filter((key) => key.includes('ipv6')), ...destinations]).toEqual([]);
      expect(ipv6).toEqual({ ifThereIs: '/usr/local/lib/lvsctl/realserver' });
    }
  });

  it('is a loopback that takes the VIP', () => {
    expect(ipv6Problems(web1!, freshFacts({ sysctls: { [ON_LO]: '0' } }))).toEqual([]);
    expect(ipv6Problems(web1!, freshFacts({ sysctls: { [ON_LO]: '1' } }))).toEqual([
      'it shall hold fd77:1::100 on lo, and IPv6 is switched off there; set net.ipv6.conf.lo.disable_ipv6=0.',
    ]);
    expect(ipv6Problems(web1!, freshFacts())).toEqual([
      'it shall hold fd77:1::100, and its kernel runs without IPv6; boot without ipv6.disable=1, or load the module ipv6.',
    ]);
    expect(ipv6Problems(web3!, freshFacts())).toEqual([]);
  });

  it('is a default route that does not go when the director begins to forward', () => {
    const facts = (change: Partial<HostFacts>, advertised = true): HostFacts => {
      const way = { device: 'eth1', via: address('fe80::1'), ...(advertised ? { advertised: true as const } : {}) };
      const { network } = freshFacts();
      const sysctls = { 'net.ipv6.conf.all.forwarding': '0', 'net.ipv6.conf.eth1.accept_ra': '1' };
      return freshFacts({ sysctls, network: { ...network, ways: { [address('2000::')]: way } }, ...change });
    };
    expect(ipv6Problems(lb1!, facts({}))).toEqual([
      'its IPv6 default route on eth1 comes by router advertisements, which the kernel ignores once it forwards, as NAT needs; give the director `sysctl: { net.ipv6.conf.eth1.accept_ra: 2 }` or a fixed route.',
    ]);
    expect(ipv6Problems(lb1!, facts({}, false))).toEqual([]);
    // it forwards already, somebody else listens to routers, or the topology says so
    expect(ipv6Problems(lb1!, facts({ sysctls: { 'net.ipv6.conf.all.forwarding': '1' } }))).toEqual([]);
    expect(ipv6Problems(lb1!, facts({ sysctls: { 'net.ipv6.conf.eth1.accept_ra': '0' } }))).toEqual([]);
    const told = { ...lb1!, sysctls: { ...lb1!.sysctls, 'net.ipv6.conf.eth1.accept_ra': '2' } };
    expect(ipv6Problems(told, facts({}))).toEqual([]);
  });
});
