import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MarkRule, sameRules } from '../../src/kernel/firewall.ts';
import { iptablesScript, parseIptablesRules } from '../../src/kernel/iptables-text.ts';
import { nftScript, parseNftRules } from '../../src/kernel/nftables-text.ts';
import type { Address } from '../../src/wire/address.ts';

const web: MarkRule = { address: '10.0.0.1' as Address, protocol: 'tcp', port: 80, mark: 5 };
const any: MarkRule = { address: '10.0.0.2' as Address, protocol: 'udp', port: 0, mark: 0x4c56_0001 };
const midstream: MarkRule = { ...web, mark: 0x4c56_ffff, midstream: true };
const web6: MarkRule = { address: '2001:db8::1' as Address, protocol: 'sctp', port: 443, mark: 6 };

/** As nft 1.0.6 printed it, an alien rule among ours. */
const LISTING = JSON.stringify({
  nftables: [
    { metainfo: { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 } },
    { table: { family: 'inet', name: 'lvs_agent', handle: 2 } },
    { chain: { family: 'inet', table: 'lvs_agent', name: 'prerouting', handle: 1, type: 'filter', hook: 'prerouting', prio: -150, policy: 'accept' } },
    { rule: { family: 'inet', table: 'lvs_agent', chain: 'prerouting', handle: 2, expr: [
      { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '10.0.0.1' } },
      { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 80 } },
      { mangle: { key: { meta: { key: 'mark' } }, value: 5 } },
    ] } },
    { rule: { family: 'inet', table: 'lvs_agent', chain: 'prerouting', handle: 3, expr: [
      { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '10.0.0.2' } },
      { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'udp' } },
      { mangle: { key: { meta: { key: 'mark' } }, value: 0x4c56_0001 } },
    ] } },
    { rule: { family: 'inet', table: 'lvs_agent', chain: 'prerouting', handle: 4, expr: [
      { match: { op: '!=', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '10.0.0.2' } },
      { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 80 } },
      { mangle: { key: { meta: { key: 'mark' } }, value: 1 } },
    ] } },
    { rule: { family: 'inet', table: 'lvs_agent', chain: 'prerouting', handle: 5, expr: [{ accept: null }] } },
    { rule: { family: 'inet', table: 'lvs_agent', chain: 'prerouting', handle: 6, expr: [
      { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '10.0.0.1' } },
      { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 80 } },
      { match: { op: '!=', left: { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, ['fin', 'syn', 'rst', 'ack']] }, right: 'syn' } },
      { mangle: { key: { meta: { key: 'mark' } }, value: 0x4c56_ffff } },
    ] } },
    { rule: { family: 'inet', table: 'lvs_agent', chain: 'prerouting', handle: 7, expr: [
      { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '10.0.0.1' } },
      { match: { op: '!=', left: { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, { '|': ['fin', 'syn', 'rst', 'ack'] }] }, right: 'syn' } },
      { mangle: { key: { meta: { key: 'mark' } }, value: 0x4c56_ffff } },
    ] } },
    { rule: { family: 'inet', table: 'lvs_agent', chain: 'prerouting', handle: 8, expr: [
      { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '10.0.0.1' } },
      { match: { op: '!=', left: { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, ['syn', 'ack']] }, right: 'syn' } },
      { mangle: { key: { meta: { key: 'mark' } }, value: 0x4c56_ffff } },
    ] } },
  ],
}); // biome-ignore format: one rule a block

describe('nftables text', () => {
  it('replaces the table in one transaction', () => {
    expect(nftScript([web, any, web6, midstream, { ...midstream, port: 0 }])).toBe(`add table inet lvs_agent
delete table inet lvs_agent
table inet lvs_agent {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr 10.0.0.1 tcp dport 80 meta mark set 5
    ip daddr 10.0.0.2 meta l4proto udp meta mark set 1280704513
    ip6 daddr 2001:db8::1 sctp dport 443 meta mark set 6
    ip daddr 10.0.0.1 tcp dport 80 tcp flags & (fin | syn | rst | ack) != syn meta mark set 1280770047
    ip daddr 10.0.0.1 tcp flags & (fin | syn | rst | ack) != syn meta mark set 1280770047
  }
}
`);
    expect(nftScript([])).toBe('add table inet lvs_agent\ndelete table inet lvs_agent\n');
  });

  it('is read back, what is not ours standing as undefined', () => {
    expect(parseNftRules(LISTING)).toEqual([
      web,
      any,
      undefined,
      undefined,
      midstream,
      { ...midstream, port: 0 },
      undefined,
    ]);
    expect(parseNftRules('{}')).toEqual([]);
    expect(() => parseNftRules('Error: no')).toThrow(SyntaxError);
  });

  it('whatever JSON nft prints is no exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseNftRules(JSON.stringify({ nftables: [{ rule: { expr: value } }, value] }));
      }),
    );
  });
});

const SAVED = `# Generated by iptables-save v1.8.9
*mangle
:PREROUTING ACCEPT [0:0]
:LVS-AGENT - [0:0]
-A PREROUTING -p tcp -m tcp --dport 25 -j MARK --set-xmark 0x9/0xffffffff
-A PREROUTING -j LVS-AGENT
-A LVS-AGENT -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x5/0xffffffff
-A LVS-AGENT -d 10.0.0.2/32 -p udp -j MARK --set-xmark 0x4c560001/0xffffffff
-A LVS-AGENT -d 10.0.0.1/32 -p tcp -m tcp --dport 80 ! --tcp-flags FIN,SYN,RST,ACK SYN -j MARK --set-xmark 0x4c56ffff/0xffffffff
COMMIT
`;

describe('iptables text', () => {
  it('writes the chain anew, and the jump only where there is none', () => {
    expect(iptablesScript([web], '*mangle\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n')).toBe(`*mangle
:LVS-AGENT - [0:0]
-A LVS-AGENT -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x5/0xffffffff
-A PREROUTING -j LVS-AGENT
COMMIT
`);
    expect(iptablesScript([any], SAVED)).not.toContain('PREROUTING');
    expect(iptablesScript([any], `${SAVED}-A PREROUTING -j LVS-AGENT\n`)).toContain(
      '-D PREROUTING -j LVS-AGENT\nCOMMIT',
    );
  });

  it('removes chain and jump when there are no rules, and has nothing to say where there is neither', () => {
    expect(iptablesScript([], SAVED)).toBe(
      '*mangle\n:LVS-AGENT - [0:0]\n-D PREROUTING -j LVS-AGENT\n-X LVS-AGENT\nCOMMIT\n',
    );
    expect(iptablesScript([], '*mangle\nCOMMIT\n')).toBeUndefined();
  });

  it('is read back, what is not ours and a missing jump standing as undefined', () => {
    expect(parseIptablesRules(SAVED)).toEqual([web, any, midstream]);
    const unreached = SAVED.replace('-A PREROUTING -j LVS-AGENT\n', '');
    expect(parseIptablesRules(unreached)).toEqual([undefined, web, any, midstream]);
    expect(parseIptablesRules('-A PREROUTING -j LVS-AGENT\n-A LVS-AGENT -d 10.0.0.0/24 -p tcp -j ACCEPT\n')).toEqual([
      undefined,
    ]);
  });

  it('round trips any rule', () => {
    const plain: fc.Arbitrary<MarkRule> = fc.record({
      address: fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::1')).map((text) => text as Address),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
      port: fc.nat(65_535),
      mark: fc.nat(0xffff_ffff),
    });
    const rule = fc.oneof(
      plain,
      plain.map((one): MarkRule => ({ ...one, protocol: 'tcp', midstream: true })),
    );
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1 }), (rules) => {
        expect(parseIptablesRules(iptablesScript(rules, '') ?? '')).toEqual(rules);
      }),
    );
  });
});

describe('comparing rules', () => {
  it('knows equal rules that are distinct objects, and each difference', () => {
    expect(sameRules([{ ...web }, { ...any }], [web, any])).toBe(true);
    for (const other of [
      { ...web, port: 81 },
      { ...web, mark: 6 },
      { ...web, protocol: 'udp' as const },
      { ...web, address: any.address },
      { ...web, midstream: true },
      undefined,
    ]) {
      expect(sameRules([other], [web])).toBe(false);
    }
    expect(sameRules([web], [web, any])).toBe(false);
    expect(sameRules([any, web], [web, any])).toBe(false);
  });
});
