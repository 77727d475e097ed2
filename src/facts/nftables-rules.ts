/** A table as `nft -j list table` prints it (libnftables-json(5)). Pure. */
import type { Family } from '../wire/address.ts';
import { EVERYTHING, type FilterRule, type InputFilter, type PortRange, protocolOf } from './input-filter.ts';

const FAMILIES: Readonly<Record<string, readonly Family[]>> = { ip: [4], ip6: [6], inet: [4, 6] };

/** RFC 4861 section 4, as nft calls the types. */
const ICMPV6_TYPES: Readonly<Record<string, number>> = { 'nd-neighbor-solicit': 135, 'nd-neighbor-advert': 136 };

/** Statements that decide nothing and ask nothing. */
const NEUTRAL = new Set(['counter', 'log', 'ct helper', 'meter', 'mangle', 'notrack']);

type Json = Readonly<Record<string, unknown>>;
type Asked = Partial<Omit<FilterRule, 'verdict'>>;

/** undefined: not understood, or there is no such chain. */
export function nftablesFilter(family: string, table: string, base: string, text: string): InputFilter | undefined {
  const items = itemsIn(text);
  const families = FAMILIES[family];
  const chain = items.map((item) => objectIn(item, 'chain')).find((one) => one?.['name'] === base);
  if (families === undefined || chain === undefined) return undefined;
  const chains: Record<string, FilterRule[]> = {};
  for (const item of items) {
    const [name, rule] = [objectIn(item, 'chain')?.['name'], objectIn(item, 'rule')];
    if (typeof name === 'string') chains[name] ??= [];
    const of = rule?.['chain'];
    if (typeof of === 'string') chains[of] = [...(chains[of] ?? []), ...rulesOf(listIn(rule?.['expr']))];
  }
  return { families, program: 'nft', table: `${family} ${table}`, base, drops: chain['policy'] === 'drop', chains };
}

function itemsIn(text: string): readonly Json[] {
  try {
    return listIn((JSON.parse(text) as Json)['nftables']);
  } catch {
    return [];
  }
}

/** Several where a map gives several verdicts, none where nothing is decided. */
function rulesOf(statements: readonly Json[]): FilterRule[] {
  let asked: Asked = {};
  for (const statement of statements) {
    const verdict = verdictOf(statement);
    if (verdict !== null) return [{ ...EVERYTHING, ...asked, verdict }];
    const map = objectIn(statement, 'vmap');
    if (map !== undefined) return rulesOfMap(map, asked);
    const match = objectIn(statement, 'match');
    const more = match === undefined ? undefined : asks(match);
    if (more === 'loopback') return [];
    if (more !== undefined) asked = { ...asked, ...more };
    else if (!Object.keys(statement).every((name) => NEUTRAL.has(name))) asked = { ...asked, isNarrow: true };
  }
  return [];
}

function verdictOf(statement: Json): FilterRule['verdict'] | null {
  if ('accept' in statement) return 'accept';
  if ('drop' in statement || 'reject' in statement) return 'drop';
  const [jump, goto] = [objectIn(statement, 'jump'), objectIn(statement, 'goto')];
  const to = (jump ?? goto)?.['target'];
  if (typeof to === 'string') return { to, returns: jump !== undefined };
  // it goes on in a program
  return 'queue' in statement ? 'accept' : null;
}

/** A map of states says for each what becomes of it; of another one, only that it may be any of its verdicts. */
function rulesOfMap(map: Json, asked: Asked): FilterRule[] {
  const isState = objectIn(objectIn(map, 'key'), 'ct')?.['key'] === 'state';
  const pairs = objectIn(map, 'data')?.['set'];
  if (!Array.isArray(pairs)) return [{ ...EVERYTHING, ...asked, isNarrow: true, verdict: 'accept' }];
  return pairs.flatMap((pair: unknown): FilterRule[] => {
    const [key, statement] = Array.isArray(pair) ? pair : [];
    const verdict = isObject(statement) ? verdictOf(statement) : null;
    if (verdict === null) return [];
    const more: Asked = isState && typeof key === 'string' ? { states: [key] } : { isNarrow: true };
    return [{ ...EVERYTHING, ...asked, ...more, verdict }];
  });
}

/** undefined: something else. */
function asks(match: Json): Asked | 'loopback' | undefined {
  const [left, right] = [match['left'], match['right']];
  if (match['op'] !== '==' && match['op'] !== 'in') return undefined;
  const [meta, payload] = [objectIn(left, 'meta')?.['key'], objectIn(left, 'payload')];
  if (meta === 'iif' || meta === 'iifname') return asksOfInterface(right);
  if (meta === 'l4proto') return { protocols: valuesIn(right)?.map(protocolOf) ?? null };
  if (meta === 'nfproto') return { families: right === 'ipv6' ? [6] : [4] };
  if (objectIn(left, 'ct')?.['key'] === 'state') return { states: valuesIn(right)?.map(String) ?? null };
  return payload === undefined ? undefined : asksOfPayload(`${payload['protocol']} ${payload['field']}`, right);
}

function asksOfInterface(right: unknown): Asked | 'loopback' | undefined {
  if (right === 'lo') return 'loopback';
  return typeof right === 'string' && !isReference(right) ? { isNarrow: true, interface: right } : undefined;
}

function asksOfPayload(what: string, right: unknown): Asked | undefined {
  if (what === 'ip protocol') return { families: [4], protocols: valuesIn(right)?.map(protocolOf) ?? null };
  if (what === 'ip6 nexthdr') return { families: [6], protocols: valuesIn(right)?.map(protocolOf) ?? null };
  if (what === 'icmpv6 type') return { protocols: ['icmpv6'], ports: rangesIn(right, ICMPV6_TYPES) };
  if (what === 'th dport') return { ports: rangesIn(right) };
  const [protocol = '', field] = what.split(' ');
  const isPort = field === 'dport' && ['tcp', 'udp', 'sctp'].includes(protocol);
  if (isPort) return { protocols: [protocol], ports: rangesIn(right) };
  return undefined;
}

/** null: not to be told, as of a named set. @param names of numbers, of which those that are missing are never asked for */
function rangesIn(right: unknown, names?: Readonly<Record<string, number>>): readonly PortRange[] | null {
  const elements = elementsIn(right).filter(
    (one) => names === undefined || typeof one !== 'string' || isNamed(one, names),
  );
  const ranges = elements.map((element): PortRange | undefined => {
    const range = isObject(element) ? element['range'] : undefined;
    const [first, last] = (Array.isArray(range) ? range : [element, element]).map((one: unknown) =>
      typeof one === 'string' ? names?.[one] : one,
    );
    return typeof first === 'number' && typeof last === 'number' ? [first, last] : undefined;
  });
  return ranges.includes(undefined) ? null : ranges.filter((range) => range !== undefined);
}

function isNamed(word: string, names: Readonly<Record<string, number>>): boolean {
  return word.startsWith('@') || word in names;
}

/** null as for ranges. */
function valuesIn(right: unknown): readonly (string | number)[] | null {
  const elements = elementsIn(right);
  if (elements.some(isReference)) return null;
  return elements.filter((one) => typeof one === 'string' || typeof one === 'number');
}

function elementsIn(right: unknown): readonly unknown[] {
  const set = isObject(right) ? right['set'] : right;
  return Array.isArray(set) ? set : [set ?? right];
}

/** `@ports` */
function isReference(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('@');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectIn(value: unknown, name: string): Json | undefined {
  const found = isObject(value) ? value[name] : undefined;
  return isObject(found) ? found : undefined;
}

function listIn(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
