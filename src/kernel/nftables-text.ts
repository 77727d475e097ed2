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

function nftRule({ address, protocol, port, mark, midstream }: MarkRule): string {
  const destination = `${familyOf(address) === 4 ? 'ip' : 'ip6'} daddr ${address}`;
  // a match of flags says the protocol already; nft would not tell of it twice
  const anyPort = midstream ? [] : [`meta l4proto ${protocol}`];
  const ports = port === 0 ? anyPort : [`${protocol} dport ${port}`];
  const flags = midstream ? [`tcp flags & (${FLAGS.join(' | ')}) != syn`] : [];
  return [destination, ...ports, ...flags, `meta mark set ${mark}`].join(' ');
}

const FLAGS = ['fin', 'syn', 'rst', 'ack'] as const;

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
  if (!Array.isArray(expressions)) return undefined;
  const all = expressions as readonly unknown[];
  const rest = all.filter((one) => !isMidstream(one));
  const midstream = rest.length < all.length;
  const [destination, ports, mangle] = rest.length === 2 && midstream ? [rest[0], ANY_TCP, rest[1]] : rest;
  const isWhole = all.length <= 4 && mangle !== undefined && rest.length <= 3 && all.length - rest.length <= 1;
  const rule = isWhole ? markRule(destination, ports, mangle) : undefined;
  if (rule === undefined || !midstream) return rule;
  return rule.protocol === 'tcp' ? { ...rule, midstream } : undefined;
}

/** What a match of flags alone means. */
const ANY_TCP = { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } };

/** The flags are a list, or joined by `|` where nft is another. */
function isMidstream(expression: unknown): boolean {
  const match = field(expression, 'match');
  const [payload, mask] = asList(field(match, 'left', '&'));
  const isFlags = field(payload, 'payload', 'protocol') === 'tcp' && field(payload, 'payload', 'field') === 'flags';
  const names = joined(mask);
  const isMask = names.length === FLAGS.length && FLAGS.every((flag) => names.includes(flag));
  return isFlags && isMask && field(match, 'op') === '!=' && field(match, 'right') === 'syn';
}

function joined(value: unknown): readonly unknown[] {
  const parts = field(value, '|') ?? value;
  return Array.isArray(parts) ? parts.flatMap(joined) : [parts];
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function markRule(destination: unknown, ports: unknown, mangle: unknown): MarkRule | undefined {
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
