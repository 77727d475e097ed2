/** The firewall fact and its verdicts on real tables of nftables: what it says to open is open when a person has done it. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Inbound } from '../../src/desired/wanted.ts';
import { firewallFact } from '../../src/facts/firewall.ts';
import { blockedBy, blockedWords, openingCommands } from '../../src/operations/inbound.ts';

const NEEDS: readonly Inbound[] = [
  { family: 4, protocol: 'vrrp', port: null, purpose: 'VRRP' },
  { family: 6, protocol: 'vrrp', port: null, purpose: 'VRRP' },
  { family: 6, protocol: 'icmpv6', port: 135, purpose: 'neighbours' },
  { family: 4, protocol: 'tcp', port: 80, halfSeen: true, purpose: 'service http' },
  { family: 4, protocol: 'udp', port: 8848, purpose: 'connection sync' },
];

/** What the fact prints in a network namespace of its own that has this ruleset, after these commands. */
function factsWith(ruleset: string, commands: readonly string[] = []): string {
  const text = `nft -f - <<'END'\n${ruleset}\nEND\n${commands.join('\n')}\n${firewallFact.script(null)}`;
  return execFileSync('unshare', ['-n', 'sh', '-euc', text], { encoding: 'utf8', timeout: 20_000 });
}

const closed = (family: string) => `table ${family} own {
  set web { type inet_service; elements = { 80, 443 } }
  chain zone {
    udp dport 8848 counter accept
  }
  chain in {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    jump zone
    tcp dport @web accept
  }
  chain out {
    type filter hook output priority filter; policy drop;
  }
}`;

describe('nftables', () => {
  it.each<[string, readonly string[]]>([
    [
      'inet',
      [
        'protocol 112 (VRRP)',
        'ICMPv6 type 135 (neighbours)',
        'tcp port 80 (service http) before the rule that drops INVALID',
      ],
    ],
    ['ip', ['protocol 112 (VRRP)', 'tcp port 80 (service http) before the rule that drops INVALID']],
    ['ip6', ['protocol 112 (VRRP)', 'ICMPv6 type 135 (neighbours)']],
  ])('of family %s', (family, expected) => {
    const ruleset = closed(family);
    const [filter, ...others] = firewallFact.parse(factsWith(ruleset)).filters;
    expect(others).toEqual([]);
    const blocked = blockedBy(filter!, NEEDS);
    expect(blockedWords(blocked)).toEqual(expected);
    const opened = firewallFact.parse(factsWith(ruleset, openingCommands(filter!, blocked))).filters;
    expect(opened.flatMap((one) => blockedBy(one, NEEDS))).toEqual([]);
  });

  it('without a chain for what comes in is not asked further', () => {
    expect(
      factsWith('table bridge b {\n  chain in {\n    type filter hook input priority 0; policy drop;\n  }\n}'),
    ).toBe('');
    expect(
      factsWith('table inet marks {\n  chain pre {\n    type filter hook prerouting priority mangle;\n  }\n}'),
    ).toBe('');
  });
});
