/** Whether an INPUT chain, as `iptables -S INPUT` prints it, lets in what LVS needs; judged from what the rules plainly say. */
import type { Inbound } from '../desired/wanted.ts';

const NUMBERS: Readonly<Record<string, string>> = { vrrp: '112', ipip: '4', ipencap: '4', tcp: 'tcp', udp: 'udp' };

/**
 * The needs that a chain of policy DROP, or with a final drop, has no accepting rule for, as a person would open them.
 * Rules bound to a source, an interface or a jump to another chain are taken to accept: no false alarm, at the price of missing some.
 */
export function blockedInbound(inbound: readonly Inbound[], rules: readonly string[] | null): string[] {
  const early = beforeInvalid(rules ?? []);
  return unique(
    blockedNeeds(inbound, rules).map((need) =>
      needsEarly(need, early) ? `${wordsOf(need)} before the rule that drops INVALID` : wordsOf(need),
    ),
  );
}

/** The same as commands that a person may paste. At the head of the chain, so before whatever drops it. */
export function openingCommands(
  inbound: readonly Inbound[],
  rules: readonly string[] | null,
  program: string,
): string[] {
  return unique(
    blockedNeeds(inbound, rules).map(({ protocol, port }) => {
      const match = port === null ? '' : ` --dport ${port}`;
      return `${program} -I INPUT -p ${NUMBERS[protocol]}${match} -j ACCEPT`;
    }),
  );
}

function blockedNeeds(inbound: readonly Inbound[], rules: readonly string[] | null): Inbound[] {
  if (rules === null) return [];
  const early = beforeInvalid(rules);
  return inbound.filter((need) => {
    if (needsEarly(need, early)) return !early?.some((rule) => accepts(rule, need));
    return dropsTheRest(rules) && !rules.some((rule) => accepts(rule, need));
  });
}

/** The rules before the one that drops INVALID; null: none does. */
function beforeInvalid(rules: readonly string[]): readonly string[] | null {
  const invalid = rules.findIndex((rule) => /--(?:ct)?state \S*INVALID.* -j (DROP|REJECT)\b/.test(rule));
  return invalid < 0 ? null : rules.slice(0, invalid);
}

function needsEarly({ halfSeen }: Inbound, early: readonly string[] | null): boolean {
  return early !== null && halfSeen === true;
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

function dropsTheRest(rules: readonly string[]): boolean {
  return rules.includes('-P INPUT DROP') || rules.some((rule) => /^-A INPUT -j (DROP|REJECT)\b/.test(rule));
}

function accepts(rule: string, { protocol, port }: Inbound): boolean {
  if (!rule.startsWith('-A INPUT') || / -j (DROP|REJECT|LOG|RETURN)\b/.test(rule)) return false;
  // Answers to what this host itself began, and its own traffic, are not what clients and peers send.
  if (/--(?:ct)?state (?!.*NEW)/.test(rule) || / -i lo\b/.test(rule)) return false;
  const said = / -p (\S+)/.exec(rule)?.[1];
  if (said !== undefined && (NUMBERS[said] ?? said) !== NUMBERS[protocol]) return false;
  const ports = / --dports? (\S+)/.exec(rule)?.[1];
  return ports === undefined || port === null || ports.split(',').some((range) => within(port, range));
}

function within(port: number, range: string): boolean {
  const [low, high = low] = range.split(':').map(Number);
  return low !== undefined && high !== undefined && port >= low && port <= high;
}

function wordsOf({ protocol, port, purpose }: Inbound): string {
  if (protocol === 'vrrp') return `protocol 112 (${purpose})`;
  if (protocol === 'ipip') return `protocol 4 (${purpose})`;
  return port === null ? `${protocol} (${purpose})` : `${protocol} port ${port} (${purpose})`;
}
