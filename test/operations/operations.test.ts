/** Every operation as data: what is wanted, what is there, the commands as people read them, or why there are none. */
import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { NOTHING_PLACED, type Wanted } from '../../src/desired/wanted.ts';
import type { HostFacts } from '../../src/facts/host.ts';
import { agent, agentRequest } from '../../src/operations/agent.ts';
import { decide } from '../../src/operations/all.ts';
import { files } from '../../src/operations/files.ts';
import { modules } from '../../src/operations/modules.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { realserverUnit } from '../../src/operations/realserver-unit.ts';
import { missingParts, release, unpackCommands } from '../../src/operations/release.ts';
import { addReturnRoute, removeReturnRoute } from '../../src/operations/return-route.ts';
import { scriptUser } from '../../src/operations/script-user.ts';
import { restoreSysctls, setSysctls } from '../../src/operations/sysctls.ts';
import { addTunnels, removeTunnels } from '../../src/operations/tunnels.ts';
import { addVips, removeVips } from '../../src/operations/vips.ts';
import { renderForPeople } from '../../src/shell/render.ts';
import { topology } from '../desired/topology.ts';
import { agentState } from '../facts/agent-state.ts';
import { address, CONTEXT, freshFacts, runningAgent, satisfied } from './facts.ts';

const host = (cluster: string, name: string): Wanted =>
  wantedHosts(topology(cluster)).find((one) => one.host === name)!;
const dr = host('dr', 'web1');
const nat = host('nat', 'web1');
const natOverIpv6 = host('ipv6', 'web3');
const tun = host('tun', 'web1');
const director = host('dr', 'lb1');
/** With a virtual MAC. */
const virtual = ((config): Wanted => {
  const virtualMac = { enabled: true, transmitFrom: 'base' } as const;
  const instances = config.instances.map((one) => ({ ...one, virtualMac }));
  return wantedHosts({ ...config, instances }).find((one) => one.host === 'lb1')!;
})(topology('dr'));
const nothing: Wanted = { ...dr, sysctls: {}, placed: NOTHING_PLACED };
const vip = { device: 'lo', address: address('10.77.1.100'), prefixLength: 32 } as const;

interface Case {
  readonly title: string;
  readonly operation: Operation;
  readonly wanted: Wanted;
  readonly facts: HostFacts;
  /** Commands as people see them, or the reason for none. */
  readonly expected: readonly string[] | string;
}

const network = (change: Partial<HostFacts['network']>) =>
  freshFacts({ network: { ...freshFacts().network, ...change } });
const running = { active: true, enabled: true, stale: false };
const up = { 'lvs-agent.service': running, 'lvs-vrrp.service': { ...running, enabled: false } };
const served = satisfied(director);

const CASES: readonly Case[] = [
  {
    title: 'adds a VIP that is missing, of scope host',
    operation: addVips,
    wanted: dr,
    facts: freshFacts(),
    expected: ['ip addr add 10.77.1.100/32 dev lo scope host'],
  },
  {
    title: 'adds no VIP that is there',
    operation: addVips,
    wanted: dr,
    facts: network({ addresses: [vip] }),
    expected: 'every VIP is there',
  },
  {
    title: 'takes the same address on another interface for something else',
    operation: addVips,
    wanted: dr,
    facts: network({ addresses: [{ ...vip, device: 'eth1' }] }),
    expected: ['ip addr add 10.77.1.100/32 dev lo scope host'],
  },
  {
    title: 'removes a VIP that it placed and nobody wants',
    operation: removeVips,
    wanted: nothing,
    facts: { ...network({ addresses: [vip] }), placed: { ...NOTHING_PLACED, vips: [vip] } },
    expected: ['ip addr del 10.77.1.100/32 dev lo'],
  },
  {
    title: 'leaves an address on lo alone that others placed',
    operation: removeVips,
    wanted: nothing,
    facts: network({ addresses: [vip] }),
    expected: 'no former VIP is left',
  },
  {
    title: 'sets the sysctls that differ, in one call',
    operation: setSysctls,
    wanted: dr,
    facts: freshFacts({
      sysctls: {
        'net.ipv4.conf.all.arp_ignore': '0',
        'net.ipv4.conf.all.arp_announce': '2',
        'net.ipv4.conf.lo.arp_ignore': '1',
        'net.ipv4.conf.lo.arp_announce': '0',
      },
    }),
    expected: ['sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.lo.arp_announce=2'],
  },
  {
    title: 'lets packets in that claim to be from this host',
    operation: setSysctls,
    wanted: { ...dr, sysctls: { 'net.ipv4.conf.eth1/5.accept_local': '1' } },
    facts: freshFacts({ sysctls: { 'net.ipv4.conf.eth1/5.accept_local': '0' } }),
    expected: ['sysctl -q -w net.ipv4.conf.eth1/5.accept_local=1'],
  },
  ...(
    [
      ['leaves to the agent what that has changed for a hand-over and puts back', '2 50', 'every value is live'],
      ['sets what the agent would put back otherwise', '1 10', ["sysctl -q -w 'net.ipv4.vs.sync_threshold=2 50'"]],
    ] as const
  ).map(([title, before, expected]) => ({
    title,
    operation: setSysctls,
    wanted: { ...dr, sysctls: { 'net.ipv4.vs.sync_threshold': '2 50' } },
    facts: freshFacts({
      sysctls: { 'net.ipv4.vs.sync_threshold': '0 1' },
      agent: {
        ...runningAgent(),
        state: agentState({ lent: { 'net.ipv4.vs.sync_threshold': { before, now: '0 1' } } }),
      },
    }),
    expected,
  })),
  {
    title: 'sets no key that this kernel does not have',
    operation: setSysctls,
    wanted: { ...dr, sysctls: { 'net.ipv4.no_such': '1' } },
    facts: freshFacts(),
    expected: 'every value is live',
  },
  {
    title: 'sets a key that a module brings which is being loaded',
    operation: setSysctls,
    wanted: { ...tun, sysctls: { 'net.ipv4.conf.tunl0.rp_filter': '2' } },
    facts: freshFacts({ modules: { ipip: 'available' } }),
    expected: ['sysctl -q -w net.ipv4.conf.tunl0.rp_filter=2'],
  },
  {
    title: 'sets what udev did not set of an interface that the agent has made',
    operation: setSysctls,
    wanted: virtual,
    facts: freshFacts({
      sysctls: { ...virtual.sysctls, 'net.ipv4.conf.vrrp/51.rp_filter': '1', 'net.ipv6.conf.vrrp/51.accept_ra': '0' },
    }),
    expected: ['sysctl -q -w net.ipv4.conf.vrrp/51.rp_filter=2'],
  },
  {
    title: 'sets nothing of an interface that the agent makes later, although its module is only now being loaded',
    operation: setSysctls,
    wanted: virtual,
    facts: freshFacts({ modules: { macvlan: 'available' }, sysctls: virtual.sysctls }),
    expected: 'every value is live',
  },
  {
    title: 'puts back what it once changed',
    operation: restoreSysctls,
    wanted: nothing,
    facts: freshFacts({
      originals: { 'net.ipv4.conf.all.arp_ignore': '0', 'net.ipv4.vs.backup_only': null },
      sysctls: { 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.vs.backup_only': '0' },
    }),
    expected: ['sysctl -q -w net.ipv4.conf.all.arp_ignore=0'],
  },
  {
    title: 'does not put back what is still wanted',
    operation: restoreSysctls,
    wanted: dr,
    facts: freshFacts({
      originals: { 'net.ipv4.conf.all.arp_ignore': '0' },
      sysctls: { 'net.ipv4.conf.all.arp_ignore': '1' },
    }),
    expected: 'nothing to put back',
  },
  {
    title: 'loads modules in order, all in one call',
    operation: modules,
    wanted: director,
    facts: freshFacts({ modules: { ip_vs: 'available', ip_vs_wrr: 'available' } }),
    expected: ['modprobe -a ip_vs ip_vs_wrr'],
  },
  {
    title: 'leaves a module that does not exist to the preconditions',
    operation: modules,
    wanted: director,
    facts: freshFacts({ modules: { ip_vs: 'loaded', ip_vs_wrr: 'absent' } }),
    expected: 'every module is loaded',
  },
  {
    title: 'routes answers from the RIP: route first, then the rules that use it, directors apart',
    operation: addReturnRoute,
    wanted: {
      ...nat,
      placed: { ...nat.placed, returnRoute: { ...nat.placed.returnRoute!, direct: [address('10.77.2.11')] } },
    },
    facts: freshFacts(),
    expected: [
      'ip route replace default via 10.77.2.1 table 19542',
      'ip rule add from 10.77.2.21 to 10.77.2.11 lookup main priority 19541',
      'ip rule add from 10.77.2.21 lookup 19542 priority 19542',
    ],
  },
  {
    title: 'holds an IPv6 VIP as one that is never preferred, and asks nobody whether it is taken',
    operation: addVips,
    wanted: host('ipv6', 'web1'),
    facts: freshFacts(),
    expected: ['ip addr add fd77:1::100/128 dev lo preferred_lft 0 nodad'],
  },
  {
    title: 'has ip6tnl0 up for tunnels of IPv6',
    operation: addTunnels,
    wanted: { ...dr, placed: { ...dr.placed, tunnel6: true } },
    facts: freshFacts(),
    expected: ['ip link set ip6tnl0 up'],
  },
  {
    title: 'leaves ip6tnl0 alone that is up already',
    operation: addTunnels,
    wanted: { ...dr, placed: { ...dr.placed, tunnel6: true } },
    facts: network({ up: ['ip6tnl0'] }),
    expected: 'every tunnel is there',
  },
  {
    title: 'takes ip6tnl0 down that it had up',
    operation: removeTunnels,
    wanted: nothing,
    facts: { ...network({ up: ['ip6tnl0'] }), placed: { ...nothing.placed, tunnel6: true } },
    expected: ['ip link set ip6tnl0 down'],
  },
  {
    title: "leaves somebody else's ip6tnl0 up",
    operation: removeTunnels,
    wanted: nothing,
    facts: network({ up: ['ip6tnl0'] }),
    expected: 'no former tunnel is left',
  },
  {
    title: 'routes answers over IPv6 by the rules and the table of that family',
    operation: addReturnRoute,
    wanted: natOverIpv6,
    facts: network({ returnVias: [address('10.77.2.1')] }),
    expected: [
      'ip -6 route replace default via fd77:2::1 table 19542',
      ...['fd77:1::11', 'fd77:1::12', 'fd77:2::11', 'fd77:2::12'].map(
        (to) => `ip -6 rule add from fd77:2::23 to ${to} lookup main priority 19541`,
      ),
      'ip -6 rule add from fd77:2::23 lookup 19542 priority 19542',
    ],
  },
  {
    title: 'has nothing to do where the return route over IPv6 is there',
    operation: addReturnRoute,
    wanted: natOverIpv6,
    facts: satisfied(natOverIpv6),
    expected: 'rule and route are there',
  },
  {
    title: 'takes the return route of IPv4 away when the RIP has become one of IPv6',
    operation: removeReturnRoute,
    wanted: natOverIpv6,
    facts: {
      ...network({
        rules: [{ priority: 19_542, from: '10.77.2.21', to: null, table: '19542' }],
        returnVias: [address('10.77.2.1'), address('fd77:2::1')],
      }),
      placed: nat.placed,
    },
    expected: ['ip rule del from 10.77.2.21 lookup 19542 priority 19542', 'ip route flush table 19542'],
  },
  {
    title: 'takes the return route of IPv6 away with the last NAT service',
    operation: removeReturnRoute,
    wanted: nothing,
    facts: {
      ...network({
        rules: [{ priority: 19_542, from: 'fd77:2::23', to: null, table: '19542' }],
        returnVias: [address('fd77:2::1')],
      }),
      placed: natOverIpv6.placed,
    },
    expected: ['ip -6 rule del from fd77:2::23 lookup 19542 priority 19542', 'ip -6 route flush table 19542'],
  },
  {
    title: 'moves a return route to another gateway without touching the rules',
    operation: addReturnRoute,
    wanted: {
      ...nat,
      placed: { ...nat.placed, returnRoute: { ...nat.placed.returnRoute!, via: address('10.77.2.9') } },
    },
    facts: satisfied(nat),
    expected: ['ip route replace default via 10.77.2.9 table 19542'],
  },
  {
    title: 'removes a return route that it placed: rules, then the table',
    operation: removeReturnRoute,
    wanted: nothing,
    facts: {
      ...network({
        rules: [{ priority: 19_542, from: '10.77.2.21', to: null, table: '19542' }],
        returnVias: [address('10.77.2.1')],
      }),
      placed: nat.placed,
    },
    expected: ['ip rule del from 10.77.2.21 lookup 19542 priority 19542', 'ip route flush table 19542'],
  },
  {
    title: 'leaves rules of the same priority alone where it placed none',
    operation: removeReturnRoute,
    wanted: nothing,
    facts: network({ rules: [{ priority: 19_542, from: '10.0.0.1', to: null, table: '7' }] }),
    expected: 'none was placed',
  },
  {
    title: 'enables and starts the unit of a realserver',
    operation: realserverUnit,
    wanted: dr,
    facts: freshFacts(),
    expected: ['systemctl enable --quiet lvs-realserver.service', 'systemctl start lvs-realserver.service'],
  },
  {
    title: 'needs no unit where nothing is placed',
    operation: realserverUnit,
    wanted: nothing,
    facts: freshFacts(),
    expected: 'not needed',
  },
  {
    title: 'removes its files when they are no longer wanted, the unit stopped first',
    operation: files,
    wanted: nothing,
    facts: freshFacts({ files: { '/etc/systemd/system/lvs-realserver.service': { content: 'x', managed: 'y' } } }),
    expected: [
      'systemctl disable --now --quiet lvs-realserver.service',
      'rm -f /etc/systemd/system/lvs-realserver.service',
      'systemctl daemon-reload',
    ],
  },
  {
    title: 'leaves a file without its header alone',
    operation: files,
    wanted: nothing,
    facts: freshFacts({ files: { '/etc/sysctl.d/99-zz-lvsctl.conf': { content: 'x', managed: null } } }),
    expected: 'every file is as it should be',
  },
  {
    title: 'makes the user of scripts, without shell or home',
    operation: scriptUser,
    wanted: director,
    facts: freshFacts({ system: { ...freshFacts().system, scriptUser: false } }),
    expected: ['useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin lvs-script'],
  },
  {
    title: 'points current at a release that is there already, and drops all but one other',
    operation: release,
    wanted: director,
    facts: freshFacts({ agent: runningAgent({ current: 'aa', releases: ['99', 'aa', 'bb'] }) }),
    expected: [
      'ln -s /opt/lvs-agent/releases/bb /opt/lvs-agent/current',
      'ln -s /opt/lvs-agent/current/lvs-agent /usr/local/sbin/lvs-agent',
      'rm -rf /opt/lvs-agent/releases/99',
    ],
  },
  {
    title:
      'keeps the release that still runs, and drops what uploads that were cut off have left, but not what is coming',
    operation: release,
    wanted: director,
    facts: freshFacts({
      agent: runningAgent({
        releases: ['99', 'aa', 'bb'],
        state: agentState({ release: '99' }),
        leftovers: ['/opt/lvs-agent/releases/77', '/opt/lvs-agent/releases/bb', '/opt/lvs-agent/incoming'],
      }),
    }),
    expected: ['rm -rf /opt/lvs-agent/releases/aa /opt/lvs-agent/releases/77 /opt/lvs-agent/incoming'],
  },
  {
    title: 'keeps the release before this one, run after run',
    operation: release,
    wanted: director,
    facts: freshFacts({ agent: runningAgent({ releases: ['aa', 'bb'] }) }),
    expected: 'the release is in use',
  },
  {
    title: 'writes the configuration, then enables and starts an agent that does not run',
    operation: agent,
    wanted: director,
    facts: freshFacts({ agent: runningAgent({ state: null, silence: 'it is not running' }) }),
    expected: [
      'write /var/lib/lvs-agent/config.json (mode 0600, ***)',
      'systemctl enable --quiet lvs-agent.service',
      'systemctl start lvs-agent.service',
    ],
  },
  {
    title: 'tells a running agent through its socket, and restarts nothing',
    operation: agent,
    wanted: director,
    facts: {
      ...served,
      agent: runningAgent({ state: agentState({ config: { hash: '0', generation: 2, error: null } }) }),
    },
    expected: ['/opt/lvs-agent/current/stdio /run/lvs-agent/control.sock < ***'],
  },
  {
    title: 'brings another release into both processes, VRRP first, and writes no configuration that is in force',
    operation: agent,
    wanted: director,
    facts: { ...served, agent: runningAgent({ state: agentState({ release: 'aa' }) }) },
    expected: ['systemctl reload lvs-vrrp.service', 'systemctl restart lvs-agent.service'],
  },
  {
    title: 'leaves the VRRP process alone for a release that has the same one',
    operation: agent,
    wanted: director,
    facts: {
      ...served,
      agent: runningAgent({ state: agentState({ release: 'aa' }), vrrpParts: { aa: 'b0', bb: 'b0' } }),
    },
    expected: ['systemctl restart lvs-agent.service'],
  },
  {
    title: 'renews the VRRP process too where nothing is known of the one that runs',
    operation: agent,
    wanted: director,
    facts: { ...served, agent: runningAgent({ state: agentState({ release: 'aa' }), vrrpParts: { bb: 'b0' } }) },
    expected: ['systemctl reload lvs-vrrp.service', 'systemctl restart lvs-agent.service'],
  },
  {
    title: 'renews a VRRP process alone that has stayed behind its agent',
    operation: agent,
    wanted: director,
    facts: {
      ...served,
      agent: runningAgent({ state: agentState({ vrrp: { ...agentState().vrrp, release: 'aa' } }) }),
    },
    expected: ['systemctl reload lvs-vrrp.service'],
  },
  {
    title: 'restarts an agent that does not answer, and not the VRRP process beside it',
    operation: agent,
    wanted: director,
    facts: { ...served, agent: runningAgent({ state: null, silence: 'it did not answer' }) },
    expected: ['write /var/lib/lvs-agent/config.json (mode 0600, ***)', 'systemctl restart lvs-agent.service'],
  },
  {
    title: 'restarts what has a unit whose file is newer than what runs, and only that',
    operation: agent,
    wanted: director,
    facts: { ...served, units: { ...up, 'lvs-agent.service': { ...up['lvs-agent.service'], stale: true } } },
    expected: ['systemctl restart lvs-agent.service'],
  },
  {
    title: 'restarts a VRRP process alone whose unit has changed, or that does not run',
    operation: agent,
    wanted: director,
    facts: { ...served, units: { ...up, 'lvs-vrrp.service': { ...up['lvs-vrrp.service'], active: false } } },
    expected: ['systemctl restart lvs-vrrp.service'],
  },
  {
    title: 'has nothing to say to an agent that runs with this configuration',
    operation: agent,
    wanted: director,
    facts: served,
    expected: 'runs with this configuration',
  },
];

describe('operations', () => {
  it.each(CASES)('$title', ({ operation, wanted, facts, expected }) => {
    const outcome = operation.decide(wanted, facts, CONTEXT);
    if ('nothing' in outcome) expect(outcome.nothing).toBe(expected);
    else {
      expect(outcome.commands.map(renderForPeople)).toEqual(expected);
      expect(outcome.changes.every(({ what, why }) => what !== '' && why !== '')).toBe(true);
    }
  });

  it.each(['dr', 'nat', 'tun', 'fwmark', 'dual-master', 'one-director', 'vrrp-only'])(
    'have nothing to do on any host of %s once all is done',
    (name) => {
      for (const wanted of wantedHosts(topology(name))) {
        const { changes, steps, reasons } = decide(wanted, satisfied(wanted), CONTEXT);
        expect({ host: wanted.host, changes, steps }).toEqual({ host: wanted.host, changes: [], steps: [] });
        expect(Object.values(reasons).every((reason) => reason !== '')).toBe(true);
      }
    },
  );

  it('take away before they add, and VIPs away before the sysctls that keep them silent', () => {
    const { steps } = decide(
      nothing,
      { ...satisfied(dr), originals: { 'net.ipv4.conf.all.arp_ignore': '0' } },
      CONTEXT,
    );
    expect(steps.map(({ name }) => name)).toEqual(['former VIPs', 'former sysctls', 'managed files']);
    expect(
      decide(dr, freshFacts({ sysctls: { 'net.ipv4.conf.all.arp_ignore': '0' } }), CONTEXT).steps.map(
        ({ name }) => name,
      ),
    ).toEqual(['managed files', 'sysctls', 'VIPs', 'realserver unit']);
  });

  it('never write a sysctl file that changes with what they themselves have set', () => {
    const before = freshFacts({ sysctls: { 'net.ipv4.conf.all.arp_ignore': '0' } });
    const written = files.decide(dr, before, CONTEXT);
    const after = {
      ...before,
      sysctls: dr.sysctls,
      originals: {
        ...Object.fromEntries(Object.keys(dr.sysctls).map((key) => [key, null])),
        'net.ipv4.conf.all.arp_ignore': '0',
      },
    };
    expect(files.decide(dr, after, CONTEXT)).toEqual(written);
  });
});

const NAMES = { hash: 'bb', node: '22', vrrpParts: 'b0' };

describe('a release', () => {
  it('is sent without Node where another one has the same', () => {
    const there = runningAgent({ current: 'aa', releases: ['aa'], nodes: { '22': 'aa' } });
    expect(missingParts(there, 'bb', '22')).toBe('all but node');
    expect(missingParts(there, 'bb', '33')).toBe('all');
    expect(missingParts(there, 'aa', '22')).toBe('nothing');
    expect(unpackCommands(there, NAMES).map(renderForPeople)).toEqual(
      expect.arrayContaining([
        'ln -f /opt/lvs-agent/releases/aa/node /opt/lvs-agent/incoming/node',
        expect.stringContaining('grep -vx ".*  node" manifest | sha256sum -c'),
      ]),
    );
  });

  it('gets its name last, after every hash was verified and its stamp written', () => {
    const commands = unpackCommands(runningAgent({ nodes: {} }), NAMES).map(renderForPeople);
    const [verify, stamp, rename] = ['sha256sum -c', '/stamp', 'mv -T'].map((word) =>
      commands.findIndex((one) => one.includes(word)),
    );
    expect(verify).toBeGreaterThan(0);
    expect(stamp).toBeGreaterThan(verify!);
    expect(rename).toBeGreaterThan(stamp!);
  });
});

it('tells the agent in bytes, not characters', () => {
  const command = agentRequest('POST', '/v1/yield', '{"instance":"é"}\n');
  const { secret } = (command.kind === 'run' && typeof command.stdin === 'object' ? command.stdin : null)!;
  expect(secret).toBe(
    'POST /v1/yield HTTP/1.0\r\nHost: agent\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"instance":"é"}\n',
  );
});
