/** What a firewall lets in: iptables and nftables, judged alike. */
import { describe, expect, it } from 'vitest';
import type { Inbound } from '../../src/desired/wanted.ts';
import type { InputFilter } from '../../src/facts/input-filter.ts';
import { iptablesFilter } from '../../src/facts/iptables-rules.ts';
import { nftablesFilter } from '../../src/facts/nftables-rules.ts';
import { blockedBy, blockedWords, openingCommands } from '../../src/operations/inbound.ts';

const http: Inbound = { family: 4, protocol: 'tcp', port: 80, purpose: 'service http' };
const vrrp: Inbound = { family: 4, protocol: 'vrrp', port: null, purpose: 'VRRP' };
const vrrp6: Inbound = { ...vrrp, family: 6 };
const neighbours: Inbound = { family: 6, protocol: 'icmpv6', port: 135, purpose: 'neighbours' };
const forwarded: Inbound = { ...http, halfSeen: true };
const DROP = '-P INPUT DROP';
const BOTH = ['tcp port 80 (service http)', 'protocol 112 (VRRP)'];

const tables = (...lines: readonly string[]): InputFilter => iptablesFilter('iptables', lines)!;
const tables6 = (...lines: readonly string[]): InputFilter => iptablesFilter('ip6tables', lines)!;
const words = (filter: InputFilter, ...needs: readonly Inbound[]) => blockedWords(blockedBy(filter, needs));

it.each([
  [tables(DROP), 'iptables -I INPUT -p 47 -j ACCEPT'],
  [tables(DROP, '-A INPUT -p gre -j ACCEPT'), undefined],
  [tables(DROP, '-A INPUT -p 47 -j ACCEPT'), undefined],
])('GRE is let in by name or by number (%#)', (filter, command) => {
  const gre: Inbound = { family: 4, protocol: 'gre', port: null, purpose: 'service web' };
  const blocked = blockedBy(filter, [gre]);
  expect(openingCommands(filter, blocked)[0]).toBe(command);
  expect(blockedWords(blocked)).toEqual(command === undefined ? [] : ['protocol 47 (service web)']);
});

describe('iptables in front of IPVS', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a policy of ACCEPT', ['-P INPUT ACCEPT'], []],
    ['nothing accepted', [DROP], BOTH],
    ['a final REJECT', ['-P INPUT ACCEPT', '-A INPUT -j REJECT --reject-with icmp-port-unreachable'], BOTH],
    ['both opened', [DROP, '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT', '-A INPUT -p vrrp -j ACCEPT'], []],
    ['both opened too late', [DROP, '-A INPUT -j DROP', '-A INPUT -j ACCEPT'], BOTH],
    ['VRRP by number', [DROP, '-A INPUT -p 112 -j ACCEPT'], BOTH.slice(0, 1)],
    ['both opened, as for GRE', [DROP, '-A INPUT -p gre -j ACCEPT'], BOTH],
    ['VRRP alone dropped', ['-P INPUT ACCEPT', '-A INPUT -p vrrp -j DROP'], BOTH.slice(1)],
    ['VRRP of some dropped', ['-P INPUT ACCEPT', '-A INPUT ! -s 10.77.1.0/24 -p vrrp -j DROP'], []],
    [
      'a range and a list of ports',
      [DROP, '-A INPUT -p tcp -m multiport --dports 22,80:90 -j ACCEPT', '-A INPUT -p 112 -j ACCEPT'],
      [],
    ],
    ['another port', [DROP, '-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT'], BOTH],
    ['only answers', [DROP, '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'], BOTH],
    ['only loopback', [DROP, '-A INPUT -i lo -j ACCEPT'], BOTH],
    ['all but loopback', [DROP, '-A INPUT ! -i lo -j ACCEPT'], []],
    ['a rule for all protocols', [DROP, '-A INPUT -s 10.77.0.0/16 -j ACCEPT'], []],
    ['a rate', [DROP, '-A INPUT -m limit --limit 5/min -j LOG --log-prefix "drop -j ACCEPT "'], BOTH],
    ['a chain that is not told', [DROP, '-A INPUT -j elsewhere'], []],
    [
      'a chain that accepts one',
      [DROP, '-N own', '-A INPUT -j own', '-A own -p tcp -m tcp --dport 80 -m comment --comment "a -j DROP" -j ACCEPT'],
      BOTH.slice(1),
    ],
    ['a chain that drops', ['-P INPUT ACCEPT', '-N own', '-A INPUT -j own', '-A own -j DROP'], BOTH],
    ['a chain that drops some', ['-P INPUT ACCEPT', '-N own', '-A INPUT -s 1.2.3.4/32 -j own', '-A own -j DROP'], []],
    ['a chain that does not come back', [DROP, '-N own', '-A INPUT -g own', '-A INPUT -j ACCEPT'], BOTH],
    ['chains in a circle', [DROP, '-N own', '-A INPUT -j own', '-A own -j INPUT'], []],
  ])('with %s', (_title, rules, expected) => {
    expect(words(tables(...rules), http, vrrp)).toEqual(expected);
  });

  it('with rules for other interfaces is closed to what comes in by that of a virtual MAC', () => {
    const virtual: Inbound = { ...http, interface: 'vrrp.51' };
    const rule = (on: string): InputFilter => tables(DROP, `-A INPUT -i ${on} -p tcp -m tcp --dport 80 -j ACCEPT`);
    expect(words(rule('eth1'), virtual)).toEqual(['tcp port 80 by vrrp.51 (service http)']);
    for (const on of ['vrrp.51', 'vrrp+']) expect(words(rule(on), virtual)).toEqual([]);
    expect(words(rule('eth1'), http)).toEqual([]);
    expect(words(tables(DROP, '-A INPUT ! -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT'), virtual)).toEqual([]);
    expect(words(tables('-P INPUT ACCEPT', '-A INPUT -i eth1 -j DROP'), virtual)).toEqual([]);
    const nft = (on: unknown): InputFilter => nftablesFilter('inet', 'filter', 'input', JSON.stringify({ nftables: [
      { chain: { name: 'input', policy: 'drop' } },
      { rule: { chain: 'input', expr: [{ match: { op: '==', left: { meta: { key: 'iifname' } }, right: on } }, { accept: null }] } },
    ] }))!; // biome-ignore format: as nft prints it
    expect(words(nft('eth1'), virtual)).toEqual(['tcp port 80 by vrrp.51 (service http)']);
    for (const on of ['vrrp.51', 'vrrp*', '@inside', { set: ['eth1', 'vrrp.51'] }])
      expect(words(nft(on), virtual)).toEqual([]);
  });

  it('must let in what IPVS forwards before a rule that drops INVALID, whatever the policy', () => {
    const invalid = '-A INPUT -m conntrack --ctstate INVALID -j DROP';
    const open = '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT';
    const early = ['tcp port 80 (service http) before the rule that drops INVALID'];
    expect(words(tables('-P INPUT ACCEPT', invalid), forwarded)).toEqual(early);
    expect(words(tables(DROP, invalid, open), forwarded)).toEqual(early);
    expect(words(tables(DROP, open, invalid), forwarded)).toEqual([]);
    expect(words(tables(DROP, invalid, open), http)).toEqual([]);
    const onlyNew = '-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT';
    expect(words(tables(DROP, onlyNew, invalid), forwarded)).toEqual(early);
  });

  it('is asked by family: ip6tables lets in VRRP and neighbours of IPv6, or does not', () => {
    expect(words(tables(DROP), vrrp6, neighbours)).toEqual([]);
    expect(words(tables6(DROP), http, vrrp)).toEqual([]);
    expect(words(tables6(DROP), vrrp6, neighbours)).toEqual(['protocol 112 (VRRP)', 'ICMPv6 type 135 (neighbours)']);
    const typed = '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT';
    expect(words(tables6(DROP, typed), neighbours, { ...neighbours, port: 136 })).toEqual([
      'ICMPv6 type 136 (neighbours)',
    ]);
    expect(words(tables6(DROP, '-A INPUT -p ipv6-icmp -j ACCEPT'), neighbours)).toEqual([]);
  });

  it('is opened by commands for the head of the chain, after which nothing is blocked any more', () => {
    const needs: Inbound[] = [forwarded, vrrp, { family: 4, protocol: 'ipip', port: null, purpose: 'x' }, http];
    const rules = ['-A INPUT -m conntrack --ctstate INVALID -j DROP'];
    const filter = iptablesFilter('iptables-legacy', [DROP, ...rules])!;
    const commands = openingCommands(filter, blockedBy(filter, needs));
    expect(commands).toEqual([
      'iptables-legacy -I INPUT -p tcp --dport 80 -j ACCEPT',
      'iptables-legacy -I INPUT -p 112 -j ACCEPT',
      'iptables-legacy -I INPUT -p 4 -j ACCEPT',
    ]);
    const added = commands.map((command) => command.replace('iptables-legacy -I', '-A'));
    expect(words(tables(DROP, ...added, ...rules), ...needs)).toEqual([]);
    expect(openingCommands(tables6(DROP), blockedBy(tables6(DROP), [neighbours]))).toEqual([
      'ip6tables -I INPUT -p ipv6-icmp --icmpv6-type 135 -j ACCEPT',
    ]);
  });
});

const CHAIN = { family: 'inet', table: 'filter', name: 'input', hook: 'input', type: 'filter', prio: 0 };
type Statement = Readonly<Record<string, unknown>>;

/** A table as nft prints it. */
function nft(
  policy: 'accept' | 'drop',
  rules: readonly (readonly Statement[])[],
  more: Record<string, readonly Statement[]> = {},
) {
  const ruleOf = (chain: string, expr: readonly Statement[]) => ({
    rule: { family: 'inet', table: 'filter', chain, expr },
  });
  const nftables = [
    { metainfo: { json_schema_version: 1 } },
    { chain: { ...CHAIN, policy } },
    ...Object.keys(more).map((name) => ({ chain: { family: 'inet', table: 'filter', name } })),
    ...rules.map((expr) => ruleOf('input', expr)),
    ...Object.entries(more).map(([name, expr]) => ruleOf(name, expr)),
  ];
  return nftablesFilter('inet', 'filter', 'input', JSON.stringify({ nftables }))!;
}

const match = (left: Statement, right: unknown, op = '=='): Statement => ({ match: { op, left, right } });
const payload = (protocol: string, field: string): Statement => ({ payload: { protocol, field } });
const meta = (key: string): Statement => ({ meta: { key } });
const [accept, drop, counter] = [{ accept: null }, { drop: null }, { counter: { packets: 1, bytes: 2 } }];
const state = { ct: { key: 'state' } };

describe('nftables in front of IPVS', () => {
  it.each<[string, InputFilter, readonly string[]]>([
    ['a policy of accept', nft('accept', []), []],
    ['nothing accepted', nft('drop', []), BOTH],
    ['a final drop', nft('accept', [[counter, drop]]), BOTH],
    ['a final reject', nft('accept', [[{ reject: { type: 'icmpx', expr: 'admin-prohibited' } }]]), BOTH],
    [
      'both opened',
      nft('drop', [
        [match(payload('tcp', 'dport'), { set: [22, { range: [80, 90] }] }), counter, accept],
        [match(meta('l4proto'), { set: ['vrrp', 'icmp'] }), accept],
      ]),
      [],
    ],
    ['VRRP by number', nft('drop', [[match(payload('ip', 'protocol'), 112), accept]]), BOTH.slice(0, 1)],
    ['another port', nft('drop', [[match(payload('tcp', 'dport'), 443), accept]]), BOTH],
    ['a port of UDP', nft('drop', [[match(payload('udp', 'dport'), 80), accept]]), BOTH],
    ['a named set of ports', nft('drop', [[match(payload('tcp', 'dport'), '@open'), accept]]), BOTH.slice(1)],
    ['ports by name', nft('drop', [[match(payload('tcp', 'dport'), 'http'), accept]]), BOTH.slice(1)],
    ['all ports but one', nft('accept', [[match(payload('tcp', 'dport'), 22, '!='), drop]]), []],
    ['only loopback', nft('drop', [[match(meta('iifname'), 'lo'), accept]]), BOTH],
    ['only answers', nft('drop', [[match(state, ['established', 'related'], 'in'), accept]]), BOTH],
    [
      'only answers, by a map',
      nft('drop', [
        [
          {
            vmap: {
              key: state,
              data: {
                set: [
                  ['established', accept],
                  ['invalid', drop],
                ],
              },
            },
          },
        ],
      ]),
      BOTH,
    ],
    ['ports by a map', nft('drop', [[{ vmap: { key: payload('tcp', 'dport'), data: '@ports' } }]]), []],
    ['what iptables has put there', nft('drop', [[{ xt: { type: 'match', name: 'set' } }, accept]]), []],
    ['a program that decides', nft('drop', [[{ queue: { num: 0 } }]]), []],
    [
      'a chain that accepts one',
      nft('drop', [[{ jump: { target: 'own' } }]], { own: [match(payload('tcp', 'dport'), 80), accept] }),
      BOTH.slice(1),
    ],
    [
      'a chain that does not come back',
      nft('drop', [[{ goto: { target: 'own' } }], [accept]], { own: [counter] }),
      BOTH,
    ],
    ['IPv4 dropped', nft('accept', [[match(meta('nfproto'), 'ipv4'), drop]]), BOTH],
    ['IPv6 dropped', nft('accept', [[match(meta('nfproto'), 'ipv6'), drop]]), []],
  ])('with %s', (_title, filter, expected) => {
    expect(words(filter, http, vrrp)).toEqual(expected);
  });

  it('lets in neighbours by their types, also beside types that are none of ours', () => {
    const types = (right: unknown) => nft('drop', [[match(payload('icmpv6', 'type'), right), accept]]);
    expect(words(types({ set: ['nd-router-advert', 'nd-neighbor-solicit'] }), neighbours)).toEqual([]);
    expect(words(types(135), neighbours)).toEqual([]);
    for (const right of ['nd-neighbor-advert', { set: ['echo-request', 'nd-router-advert'] }])
      expect(words(types(right), neighbours)).toEqual(['ICMPv6 type 135 (neighbours)']);
    expect(words(nft('drop', [[match(payload('ip6', 'nexthdr'), 'ipv6-icmp'), accept]]), neighbours)).toEqual([]);
  });

  it('must let in what IPVS forwards before a rule that drops INVALID', () => {
    const invalid = [match(state, 'invalid', 'in'), drop];
    const open = [match(payload('tcp', 'dport'), 80), accept];
    expect(words(nft('drop', [invalid, open]), forwarded)).toHaveLength(1);
    expect(words(nft('drop', [open, invalid]), forwarded)).toEqual([]);
  });

  it('is opened by commands for the head of the chain', () => {
    const filter = nft('drop', []);
    expect(openingCommands(filter, blockedBy(filter, [http, vrrp, vrrp6, neighbours]))).toEqual([
      'nft insert rule inet filter input tcp dport 80 accept',
      'nft insert rule inet filter input meta l4proto 112 accept',
      'nft insert rule inet filter input icmpv6 type 135 accept',
    ]);
  });

  it('is left alone where it is not understood', () => {
    for (const text of ['', '{', '[]', '{"nftables":[]}', '{"nftables":[{"chain":{"name":"other"}}]}'])
      expect(nftablesFilter('inet', 'filter', 'input', text)).toBeUndefined();
    for (const expr of [null, 7, [null, 7, {}], [{ match: null }, { vmap: 1 }, { vmap: { data: { set: [1, []] } } }]])
      expect(words(nft('accept', [expr as Statement[]]), http)).toEqual([]);
  });
});
