/** What the firewall fact prints, read: tables of iptables and chains of nftables, one behind the other. */
import { describe, expect, it } from 'vitest';
import { firewallFact } from '../../src/facts/firewall.ts';

const CHAIN = '{"chain": {"family": "inet", "table": "own", "name": "in", "hook": "input", "policy": "drop"}}';
const RULE =
  '{"rule": {"family": "inet", "table": "own", "chain": "in", "expr": [{"counter": null}, {"accept": null}]}}';

describe('the firewall fact', () => {
  it('has a filter for each table that filters', () => {
    const printed = [
      'table iptables-legacy',
      '-P INPUT DROP',
      '-P FORWARD ACCEPT',
      '-N own',
      '-A INPUT -p 112 -j ACCEPT',
      '-A INPUT -s 10.0.0.0/8 -j own',
      'table ip6tables',
      '-P INPUT ACCEPT',
      'chain inet own in',
      `{"nftables": [{"metainfo": {}}, ${CHAIN}, ${RULE}]}`,
    ].join('\n');
    const { filters } = firewallFact.parse(printed);
    expect(filters.map(({ families, program, table, base, drops }) => [families, program, table, base, drops])).toEqual(
      [
        [[4], 'iptables-legacy', 'filter', 'INPUT', true],
        [[6], 'ip6tables', 'filter', 'INPUT', false],
        [[4, 6], 'nft', 'inet own', 'in', true],
      ],
    );
    const any = { families: null, protocols: null, ports: null, states: null, interface: null, isNarrow: false };
    expect(filters[0]?.chains).toEqual({
      INPUT: [
        { ...any, protocols: ['vrrp'], verdict: 'accept' },
        { ...any, isNarrow: true, verdict: { to: 'own', returns: true } },
      ],
      own: [],
    });
    expect(filters[2]?.chains).toEqual({ in: [{ ...any, verdict: 'accept' }] });
  });

  it('has none where nothing filters, or the program is missing', () => {
    for (const printed of ['', 'table iptables', 'chain inet own in', 'chain inet own in\nError: syntax'])
      expect(firewallFact.parse(printed)).toEqual({ filters: [] });
  });
});
