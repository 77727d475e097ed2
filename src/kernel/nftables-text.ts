/** Our nftables table as text for `nft -f -`, and back from `nft -j list table` (libnftables-json(5)). Pure. */
import { familyOf, parseAddress } from '../wire/address.ts';
import type { MarkRule } from './firewall.ts';

export const NFT_TABLE = ['inet', 'lvs_agent'] as const;

/**
 * Replaces the table in one transaction: added so that deleting it cannot fail, deleted, written anew. Before the routing
 * decision, where iptables' mangle stands: IPVS looks at the mark in the input hook.
 */
export function nftScript(rules: readonly MarkRule[]): string {
  const table = `table ${NFT_TABLE.join(' ')}`;
  const removal = `add ${table}\ndelete ${table}\n`;
  if (rules.length === 0) return removal;
  const lines = rules.map((rule) => `    ${nftRule(rule)}\n`).join('');
  return `${removal}${table} {\n  chain prerouting {\n    type filter hook prerouting priority mangle; policy accept;\n${lines}  }\n}\n`;
}

function nftRule({ address, protocol, port, mark }: MarkRule): string {
  const destination = `${familyOf(address) === 4 ? 'ip' : 'ip6'} daddr ${address}`;
  const ports = port === 0 ? `meta l4proto ${protocol}` : `${protocol} dport ${port}`;
  return `${destination} ${ports} meta mark set ${mark}`;
}

/**
 * The rules of `nft -j list table inet lvs_agent`, in order; undefined stands for one that we did not write.
 * @throws SyntaxError when it is no JSON.
 */
export function parseNftRules(json: string): (MarkRule | undefined)[] {
  const listing = field(JSON.parse(json), 'nftables');
  if (!Array.isArray(listing)) return [];
  return listing.flatMap((entry: unknown) => {
    const rule = field(entry, 'rule');
    return rule === undefined ? [] : [parseRule(field(rule, 'expr'))];
  });
}

function parseRule(expressions: unknown): MarkRule | undefined {
  if (!Array.isArray(expressions) || expressions.length !== 3) return undefined;
  const [destination, ports, mangle] = expressions as readonly unknown[];
  const address = matched(destination, 'daddr');
  const parsed = typeof address === 'string' ? parseAddress(address) : undefined;
  const mark = field(mangle, 'mangle', 'value');
  const isMark = field(mangle, 'mangle', 'key', 'meta', 'key') === 'mark';
  const port = matched(ports, 'dport');
  const anyPort = field(ports, 'match', 'left', 'meta', 'key') === 'l4proto';
  const name = anyPort ? field(ports, 'match', 'right') : field(ports, 'match', 'left', 'payload', 'protocol');
  const protocol = (['tcp', 'udp', 'sctp'] as const).find((one) => one === name);
  if (parsed === undefined || protocol === undefined || typeof mark !== 'number' || !isMark) return undefined;
  if (!anyPort && typeof port !== 'number') return undefined;
  return { address: parsed, protocol, port: typeof port === 'number' ? port : 0, mark };
}

/** The right side of a match for equality with this field of a header. */
function matched(expression: unknown, name: string): unknown {
  const match = field(expression, 'match');
  const isThis = field(match, 'left', 'payload', 'field') === name && field(match, 'op') === '==';
  return isThis ? field(match, 'right') : undefined;
}

function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}
