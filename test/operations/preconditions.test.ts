import { describe, expect, it } from 'vitest';
import { loadTopology } from '../../src/config/load.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import type { HostFacts } from '../../src/facts/host.ts';
import { iptablesFilter } from '../../src/facts/iptables-rules.ts';
import { problemsOf } from '../../src/operations/preconditions.ts';
import { questionFor } from '../../src/operations/question.ts';
import { topology } from '../desired/topology.ts';
import { configuration, instance } from '../vrrp/configuration.ts';
import { address, runningAgent, satisfied } from './facts.ts';

const lb1 = wantedHosts(topology('dr'))[0]!;
const ready: HostFacts = {
  ...satisfied(lb1),
  network: {
    ...satisfied(lb1).network,
    addresses: [{ device: 'eth1', address: address('10.77.1.11'), prefixLength: 24 }],
  },
};
const closed = { filters: [iptablesFilter('iptables', ['-P INPUT DROP'])!] };
const system = (change: Partial<HostFacts['system']>): HostFacts => ({
  ...ready,
  agent: runningAgent({ state: null, silence: 'it is not running' }),
  system: { ...ready.system, ...change },
});

/** A director whose script runs as root. */
const withRootScript = (): typeof lb1 => {
  const text = `cluster: a
directors: { lb1: { dip: { eth1: 10.77.1.11 } } }
scripts: { own: { run: [/bin/sh, /opt/check.sh], user: root }, other: { run: [/bin/sh, /opt/other.sh] } }
vrrp: { public: { vrid: 51, vips: [10.77.1.100], prefer: [lb1], track: { scripts: [own, other] } } }
`;
  const loaded = loadTopology(text, 't');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return wantedHosts(loaded.config)[0]!;
};

describe('what must hold before anything is changed', () => {
  it("holds for scripts of root's own, and is asked of no others", () => {
    const wanted = withRootScript();
    expect(questionFor(wanted, null).rootPrograms).toEqual(['/bin/sh', '/opt/check.sh']);
    expect(questionFor(lb1, null).rootPrograms).toEqual([]);
    expect(problemsOf(wanted, ready, 'check')).toEqual([]);
    expect(problemsOf(wanted, { ...ready, changeable: { '/opt/check.sh': 'opt' } }, 'check')).toEqual([
      "script own would run /opt/check.sh as root, and others than root can change 'opt' on the way to it; make it root's alone, or name another user.",
    ]);
  });

  it('holds for what notify runs as root, of instances and of groups', () => {
    const notify = { master: ['/opt/up.sh'], backup: null, fault: null, stop: null, any: ['/bin/sh', '/opt/any.sh'] };
    const config = configuration([instance({ notify: { ...notify, user: 'root' } })], {
      syncGroups: [
        { name: 'g', members: ['public'], notify: { ...notify, master: null, user: 'root' }, alert: true },
        { name: 'h', members: ['public'], notify: { ...notify, user: 'nobody' }, alert: true },
      ],
    });
    const wanted = wantedHosts(config)[0]!;
    expect(wanted.director?.rootScripts).toEqual([
      { name: 'notify of public', files: ['/opt/up.sh', '/bin/sh', '/opt/any.sh'] },
      { name: 'notify of g', files: ['/bin/sh', '/opt/any.sh'] },
    ]);
  });

  it('holds for what checks run as root, once for each command', () => {
    const loaded = loadTopology(
      `cluster: a
directors: { lb1: { dip: { eth1: 10.77.1.11 }, vips: [10.77.1.100] } }
realservers: { web1: { rip: 10.77.1.21 }, web2: { rip: 10.77.1.22 } }
services:
  web: { listen: '10.77.1.100:80', mode: dr, checks: [{ script: [/opt/check.sh], user: root }, { script: [/opt/other.sh] }] }
`,
      't',
    );
    if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
    expect(wantedHosts(loaded.config)[0]?.director?.rootScripts).toEqual([
      { name: 'script check of service web', files: ['/opt/check.sh'] },
    ]);
  });

  it('holds on a host that is fit', () => {
    expect(problemsOf(lb1, ready, 'check')).toEqual([]);
  });

  it.each<[string, HostFacts]>([
    ['systemd does not run', system({ systemd: false })],
    ['has the loader of neither', system({ architecture: null })],
    ['this host is riscv64', system({ architecture: null, machine: 'riscv64' })],
    ['glibc 2.28 and this is 2.27', system({ glibc: '2.27' })],
    ['libstdc++', system({ libstdcxx: false })],
    [
      'no module ip_vs_wrr; install it: apt-get install --reinstall linux-image-6.1.0.',
      { ...ready, modules: { ip_vs: 'loaded', ip_vs_wrr: 'absent' } },
    ],
    [
      'keepalived runs here',
      { ...ready, units: { 'keepalived.service': { active: true, enabled: false, stale: false } } },
    ],
    ['10.77.1.11 on eth1', { ...ready, network: { ...ready.network, addresses: [] } }],
    [
      '10.77.1.22 cannot be reached',
      { ...ready, network: { ...ready.network, ways: { [address('10.77.1.21')]: { device: 'eth1', via: null } } } },
    ],
    [
      '10.77.1.22 is behind the router 10.77.1.254',
      {
        ...ready,
        network: {
          ...ready.network,
          ways: {
            [address('10.77.1.21')]: { device: 'eth1', via: null },
            [address('10.77.1.22')]: { device: 'eth1', via: address('10.77.1.254') },
          },
        },
      },
    ],
    [
      'its firewall (iptables, chain INPUT) drops what it needs; open protocol 112 (VRRP), tcp port 80 (service http), udp port 8848',
      { ...ready, firewall: closed },
    ],
  ])('says one sentence: %s', (words, facts) => {
    const problems = problemsOf(lb1, facts, 'check');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
    expect(problems[0]).toMatch(/^.*\.(\n {4}iptables .*)*$/);
  });

  it('looks for the link-local address that IPv6 over multicast is sent from, a VIP not being one', () => {
    const speaker = { ...lb1.director!.instances[0]!, name: 'six', family: 6 as const, source: null };
    const vip = { address: address('fe80::100'), interface: 'eth1' };
    const wanted = { ...lb1, director: { ...lb1.director!, instances: [speaker], vips: [vip] } };
    const has = (device: string, text: string): HostFacts => {
      const more = { device, address: address(text), prefixLength: 64 };
      return { ...ready, network: { ...ready.network, addresses: [...ready.network.addresses, more] } };
    };
    expect(problemsOf(wanted, has('eth1', 'fe80::1'), 'check')).toEqual([]);
    for (const facts of [ready, has('eth2', 'fe80::1'), has('eth1', 'fe80::100'), has('eth1', '2001:db8::1')])
      expect(problemsOf(wanted, facts, 'check')).toEqual([
        expect.stringMatching(/^instance six speaks IPv6 from the link-local address of eth1, and it has none; /),
      ]);
  });

  it('does not look at a firewall that it is told to ignore', () => {
    expect(problemsOf(lb1, { ...ready, firewall: closed }, 'ignore')).toEqual([]);
  });

  it('takes glibc 2.28 and later, and 3.0', () => {
    for (const glibc of ['2.28', '2.36', '3.0', null]) expect(problemsOf(lb1, system({ glibc }), 'check')).toEqual([]);
  });
});
