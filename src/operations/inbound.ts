/** Whether what packets to a host meet lets in what LVS needs; judged from what the rules plainly say. Pure. */
import type { Inbound } from '../desired/wanted.ts';
import type { FilterRule, InputFilter } from '../facts/input-filter.ts';

/** Who jumps deeper than that is not followed. */
const DEEPEST = 16;

const NUMBERS: Readonly<Record<string, string>> = { vrrp: '112', ipip: '4', ipv6: '41', gre: '47' };

export interface Blocked {
  readonly need: Inbound;
  /** What drops it is a rule for what connection tracking does not know. */
  readonly asInvalid: boolean;
}

/**
 * The needs that a filter drops. A rule that accepts only from some source or interface is taken to accept, one that drops only
 * such is passed over, and so is what is not understood: no false alarm, at the price of missing some.
 */
export function blockedBy(filter: InputFilter, inbound: readonly Inbound[]): Blocked[] {
  return inbound
    .filter(({ family }) => filter.families.includes(family))
    .flatMap((need): Blocked[] => {
      if (need.halfSeen && fateIn(filter, filter.base, need, 'invalid') === 'dropped')
        return [{ need, asInvalid: true }];
      const fate = fateIn(filter, filter.base, need, 'new') ?? (filter.drops ? 'dropped' : 'accepted');
      return fate === 'dropped' ? [{ need, asInvalid: false }] : [];
    });
}

type Fate = 'accepted' | 'dropped';

/** What becomes of the first packet, or of one that is called INVALID, in a chain; null: it does not say. */
function fateIn(filter: InputFilter, chain: string, need: Inbound, state: 'new' | 'invalid', depth = 0): Fate | null {
  const rules = filter.chains[chain];
  if (rules === undefined || depth > DEEPEST) return 'accepted';
  for (const rule of rules.filter((one) => concerns(one, need, state))) {
    const { verdict, isNarrow } = rule;
    if (verdict === 'accept') return 'accepted';
    const fate = verdict === 'drop' ? 'dropped' : fateIn(filter, verdict.to, need, state, depth + 1);
    if (fate === 'accepted' || (fate === 'dropped' && !isNarrow && isMeant(rule, state))) return fate;
    if (verdict !== 'drop' && !verdict.returns && !isNarrow) return null;
  }
  return null;
}

/** What drops everything is judged by the first packet: only a rule for INVALID singles those out. */
function isMeant({ verdict, states }: FilterRule, state: 'new' | 'invalid'): boolean {
  return state === 'new' || states !== null || verdict !== 'drop';
}

function concerns(rule: FilterRule, need: Inbound, state: string): boolean {
  const { families, protocols, ports, states } = rule;
  const { family, protocol, port } = need;
  return (
    comesBy(rule, need) &&
    (families === null || families.includes(family)) &&
    (states === null || states.includes(state)) &&
    (protocols === null || protocols.includes(protocol)) &&
    (ports === null || port === null || ports.some(([first, last]) => first <= port && port <= last))
  );
}

/** A rule for another interface than the one that it comes in by is none for it. */
function comesBy({ interface: asked }: FilterRule, { interface: on }: Inbound): boolean {
  if (asked === null || on === undefined) return true;
  return /[+*]$/.test(asked) ? on.startsWith(asked.slice(0, -1)) : on === asked;
}

/** The same as a person would open them. */
export function blockedWords(blocked: readonly Blocked[]): string[] {
  return unique(
    blocked.map(({ need, asInvalid }) =>
      asInvalid ? `${wordsOf(need)} before the rule that drops INVALID` : wordsOf(need),
    ),
  );
}

/** The same as commands that a person may paste. At the head of the chain, so before whatever drops it. */
export function openingCommands({ program, table, base }: InputFilter, blocked: readonly Blocked[]): string[] {
  return unique(
    blocked.map(({ need }) =>
      program === 'nft'
        ? `nft insert rule ${table} ${base} ${nftMatch(need)} accept`
        : `${program} -I ${base} ${iptablesMatch(need)} -j ACCEPT`,
    ),
  );
}

function iptablesMatch({ protocol, port, lastPort }: Inbound): string {
  if (protocol === 'icmpv6') return `-p ipv6-icmp --icmpv6-type ${port}`;
  return `-p ${NUMBERS[protocol] ?? protocol}${port === null ? '' : ` --dport ${rangeOf(port, lastPort, ':')}`}`;
}

function nftMatch({ protocol, port, lastPort }: Inbound): string {
  if (protocol === 'icmpv6') return `icmpv6 type ${port}`;
  return port === null
    ? `meta l4proto ${NUMBERS[protocol] ?? protocol}`
    : `${protocol} dport ${rangeOf(port, lastPort)}`;
}

function rangeOf(first: number, last = first, to = '-'): string {
  return first === last ? String(first) : `${first}${to}${last}`;
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

function wordsOf({ protocol, port, lastPort, interface: on, purpose }: Inbound): string {
  if (protocol === 'icmpv6') return `ICMPv6 type ${port} (${purpose})`;
  const number = NUMBERS[protocol];
  if (number !== undefined) return `protocol ${number} (${purpose})`;
  const what = port === null ? protocol : `${protocol} port ${rangeOf(port, lastPort, '–')}`;
  return `${what}${on === undefined ? '' : ` by ${on}`} (${purpose})`;
}
