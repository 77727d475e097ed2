/**
 * What operators have said of realservers, as several directors know it: an override, or that it was taken back. Directors that
 * were told different things, or were away, come to the same by telling each other all they know: of each realserver and
 * service the newest word counts, in whatever order and however often the words come. Pure.
 */
import { canonicalJson } from '../config/canonical.ts';
import { hasExpired, type Override } from './override.ts';

/** Kept after an override was taken back, so that a director that was away does not bring it up again. */
export interface Removal {
  readonly realserver: string;
  /** null: what was said of every service. */
  readonly service: string | null;
  /** Epoch ms. */
  readonly since: number;
}

export interface Said {
  readonly overrides: readonly Override[];
  readonly removals: readonly Removal[];
}

/** 30 days: a director that was away for longer is likelier to be new than to know better. There is one a realserver and service. */
export const REMEMBERED_MS = 2_592_000_000;

type Word = Override | Removal;

/** Of each realserver and service the newest word; on a tie the same one everywhere. */
export function merged(known: Said, heard: Said, wallMs: number): Said {
  const newest = new Map<string, Word>();
  for (const word of [...known.overrides, ...known.removals, ...heard.overrides, ...heard.removals]) {
    const before = newest.get(subjectOf(word));
    if (before === undefined || isNewer(word, before)) newest.set(subjectOf(word), word);
  }
  return lasting([...newest.values()], wallMs);
}

/** What still counts, as one text: equal where two directors know the same. */
export function saidText(said: Said, wallMs: number): string {
  const { overrides, removals } = lasting([...said.overrides, ...said.removals], wallMs);
  return [...overrides, ...removals].map(canonicalJson).sort().join('\n');
}

/** The overrides, each newer than whatever was known of the same: the clock of whoever said that may have been ahead. */
export function renewed(overrides: readonly Override[], known: Said): Override[] {
  return overrides.map((one) => ({ ...one, since: laterThan(one, one.since, known) }));
}

/** That these are taken back, newer than the overrides themselves. */
export function removalsOf(gone: readonly Removal[], wallMs: number): Removal[] {
  return gone.map(({ realserver, service, since }) => ({ realserver, service, since: Math.max(wallMs, since + 1) }));
}

function laterThan(subject: Word, since: number, { overrides, removals }: Said): number {
  const known = [...overrides, ...removals].filter((one) => subjectOf(one) === subjectOf(subject));
  return Math.max(since, ...known.map((one) => one.since + 1));
}

/** What has run out is as good as taken back when it was said: an older word must not come up again in its place. */
function lasting(words: readonly Word[], wallMs: number): Said {
  const overrides = words.filter(isOverride).filter((one) => !hasExpired(one, wallMs));
  const over = words.filter((one) => !isOverride(one) || hasExpired(one, wallMs));
  const removals = over.map(({ realserver, service, since }) => ({ realserver, service, since }));
  return { overrides, removals: removals.filter(({ since }) => since > wallMs - REMEMBERED_MS) };
}

function isOverride(word: Word): word is Override {
  return 'weight' in word;
}

function isNewer(word: Word, before: Word): boolean {
  if (word.since !== before.since) return word.since > before.since;
  if (isOverride(word) !== isOverride(before)) return !isOverride(word);
  return canonicalJson(word) > canonicalJson(before);
}

function subjectOf({ realserver, service }: Word): string {
  return JSON.stringify([realserver, service]);
}
