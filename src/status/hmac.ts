/** Signed advertisements in words: how an instance signs, and what was not believed of late. */
import type { InstanceState } from './state.ts';

/** What was dropped is an alarm for so long. */
const LATELY_MS = 60_000;

const DROPPED: Readonly<Record<string, string>> = {
  'hmac-missing': 'that are not signed',
  'hmac-malformed': 'with a trailer that is none of ours',
  'hmac-unknown-key': 'signed with a key that is not known here',
  'hmac-wrong': 'with a wrong signature',
  'hmac-stale': 'signed, and of another time: set the clocks (NTP)',
  'hmac-replayed': 'that were heard before',
};

/** How it signs; while that changes, what it still waits for. Empty: nothing is signed. */
export function hmacWords({ hmac }: Pick<InstanceState, 'hmac'>): string[] {
  if (!hmac) return [];
  const { mode, keyId, signsWith, agreed, settled } = hmac;
  const wanted = mode === 'off' ? 'signing ends' : `hmac ${mode}, key ${keyId}`;
  const sends = signsWith === null ? 'sends unsigned' : `signs with key ${signsWith}`;
  if (!agreed) return [`${wanted}: ${sends} until all directors have it`];
  return [settled ? wanted : `${wanted}: the former is believed, too, for a while`];
}

/** What is not believed, one sentence a reason. @param at now, epoch ms */
export function hmacAlarms(
  instances: readonly Pick<InstanceState, 'name' | 'dropped' | 'lastDropped'>[],
  at: number,
): string[] {
  return instances.flatMap(({ name, dropped, lastDropped = {} }) =>
    Object.entries(lastDropped).flatMap(([reason, last]) => {
      const what = DROPPED[reason];
      if (what === undefined || at - last.at > LATELY_MS) return [];
      return [`${name} drops advertisements ${what} (${dropped[reason] ?? 1}, the last from ${last.source})`];
    }),
  );
}
