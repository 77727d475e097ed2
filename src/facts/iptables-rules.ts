/** The filter table as `iptables -S` prints it (iptables(8)). Pure. */
import type { Family } from '../wire/address.ts';
import { EVERYTHING, type FilterRule, type InputFilter, type PortRange, protocolOf } from './input-filter.ts';

const BASE = 'INPUT';

/** Targets after which the next rule is looked at, or the policy. */
const UNDECIDED = new Set([
  'LOG',
  'NFLOG',
  'ULOG',
  'RETURN',
  'MARK',
  'CONNMARK',
  'CT',
  'SET',
  'TCPMSS',
  'AUDIT',
  'TRACE',
]);
const DROPPING = new Set(['DROP', 'REJECT', 'TARPIT']);

/** Matches that only name what their options are. */
const NEUTRAL = new Set(['tcp', 'udp', 'sctp', 'icmp6', 'multiport', 'conntrack', 'state', 'comment']);

/** undefined: there is no chain INPUT. @param program that printed it: `ip6tables` is that of IPv6 */
export function iptablesFilter(program: string, lines: readonly string[]): InputFilter | undefined {
  const policy = lines.flatMap((line) => /^-P INPUT (\S+)/.exec(line)?.[1] ?? [])[0];
  if (policy === undefined) return undefined;
  const chains: Record<string, FilterRule[]> = { [BASE]: [] };
  for (const line of lines) {
    const [, chain, rest] = /^-[NA] (\S+)(.*)$/.exec(line) ?? [];
    if (chain === undefined) continue;
    chains[chain] = [...(chains[chain] ?? []), ...(line.startsWith('-A') ? ruleOf(wordsOf(rest ?? '')) : [])];
  }
  const families: readonly Family[] = [program.startsWith('ip6') ? 6 : 4];
  return { families, program, table: 'filter', base: BASE, drops: policy === 'DROP', chains };
}

/** Comments and prefixes stand in quotes. */
function wordsOf(text: string): string[] {
  return text.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
}

/** None: it decides nothing. */
function ruleOf(words: readonly string[]): FilterRule[] {
  let asked: Asked = {};
  for (const { option, values, isNegated } of optionsIn(words)) {
    const [value = ''] = values;
    if (option === '-j' || option === '-g') {
      const verdict = verdictOf(option, value);
      return verdict === null ? [] : [{ ...EVERYTHING, ...asked, verdict }];
    }
    if (option === '-i' && value === 'lo' && !isNegated) return [];
    asked = { ...asked, ...(isNegated ? NARROW : asksOf(option, value)) };
  }
  return [];
}

type Asked = Partial<Omit<FilterRule, 'verdict'>>;
const NARROW: Asked = { isNarrow: true };

function asksOf(option: string, value: string): Asked {
  if (option === '-p') return { protocols: [protocolOf(value)] };
  if (option === '-i') return { ...NARROW, interface: value };
  if (/^--dports?$|^--icmpv6-type$/.test(option)) return { ports: portsIn(value) };
  if (/^--(ct)?state$/.test(option)) return { states: value.toLowerCase().split(',') };
  return option === '--comment' || (option === '-m' && NEUTRAL.has(value)) ? {} : NARROW;
}

interface Option {
  readonly option: string;
  readonly values: string[];
  readonly isNegated: boolean;
}

/** `! -s 10.0.0.0/8 -p tcp …` */
function optionsIn(words: readonly string[]): Option[] {
  const options: Option[] = [];
  let isNegated = false;
  for (const word of words) {
    if (word === '!') isNegated = true;
    else if (word.startsWith('-')) {
      options.push({ option: word, values: [], isNegated });
      isNegated = false;
    } else options.at(-1)?.values.push(word);
  }
  return options;
}

function verdictOf(option: string, target: string): FilterRule['verdict'] | null {
  if (UNDECIDED.has(target)) return null;
  if (DROPPING.has(target)) return 'drop';
  return target === 'ACCEPT' ? 'accept' : { to: target, returns: option === '-j' };
}

/** `80`, `22,80:90`; null where it is none of these. */
function portsIn(text: string): readonly PortRange[] | null {
  const ranges = text.split(',').map((range): PortRange => {
    const [first = Number.NaN, last = first] = range.split(':').map(Number);
    return [first, last];
  });
  return ranges.flat().some(Number.isNaN) ? null : ranges;
}
