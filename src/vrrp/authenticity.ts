/**
 * Whether an advertisement is of somebody who has the key, and fresh: draft-cassen-vrrp-auth-hmac-01, in keepalived's order but for
 * one thing, the signature is looked at before the time, so that a director whose clock is off is told from a stranger. Pure.
 */
import type { HmacKey } from '../config/hmac-key.ts';
import type { Address } from '../wire/address.ts';
import { type HmacSha256, isSignedBy, parseTrailer } from '../wire/vrrp-hmac.ts';
import { type Freshness, freshnessOf, type Sender, type Tolerance } from './freshness.ts';
import type { Moment } from './signing-clock.ts';

export type ForgeryReason =
  | 'hmac-missing'
  | 'hmac-malformed'
  | 'hmac-unknown-key'
  | 'hmac-wrong'
  | 'hmac-stale'
  | 'hmac-replayed';

/** What an instance believes, and whom it has heard so far. */
export interface Guard {
  /** The wanted one first; more than one of a number are tried in turn. */
  readonly keys: readonly HmacKey[];
  readonly unsigned: 'believed' | 'refused';
  readonly tolerance: Tolerance;
  readonly senders: ReadonlyMap<Address, Sender>;
}

export interface Signed {
  readonly message: Uint8Array;
  readonly trailer: Uint8Array | null;
  readonly source: Address;
}

export type Authenticity =
  | {
      readonly authentic: true;
      /** null: not signed. */
      readonly key: HmacKey | null;
      readonly sender: Sender | undefined;
      readonly notes: readonly string[];
    }
  | {
      readonly authentic: false;
      readonly reason: ForgeryReason;
      /** Somebody who has the key is there all the same: no reason to take over. */
      readonly isAlive: boolean;
      readonly sender: Sender | undefined;
    };

export function authenticityOf(signed: Signed, guard: Guard, moment: Moment, hmac: HmacSha256): Authenticity {
  const { trailer, message, source } = signed;
  if (trailer === null) {
    if (guard.unsigned === 'refused') return refused('hmac-missing');
    return { authentic: true, key: null, sender: undefined, notes: [] };
  }
  const parsed = parseTrailer(trailer);
  if (parsed === undefined) return refused('hmac-malformed');
  const candidates = guard.keys.filter(({ id }) => id === parsed.keyId);
  if (candidates.length === 0) return refused('hmac-unknown-key');
  const key = candidates.find(({ bytes }) => isSignedBy(bytes, { message, trailer, source }, hmac));
  if (key === undefined) return refused('hmac-wrong');
  const freshness = freshnessOf(guard.senders.get(source), parsed.sequence, moment, guard.tolerance);
  if (!freshness.fresh) {
    const { reason, isAlive, sender } = freshness;
    return { authentic: false, reason, isAlive, sender };
  }
  return { authentic: true, key, sender: freshness.sender, notes: notesOn(freshness, guard.tolerance) };
}

function refused(reason: ForgeryReason): Authenticity {
  return { authentic: false, reason, isAlive: false, sender: undefined };
}

/** Before it fails: at half of what is tolerated. */
function notesOn({ aheadMs }: Extract<Freshness, { fresh: true }>, { windowMs }: Tolerance): string[] {
  if (Math.abs(aheadMs) <= windowMs / 2) return [];
  const how = aheadMs > 0 ? 'ahead of' : 'behind';
  return [`its clock is more than ${windowMs / 2000} s ${how} ours: set the clocks (NTP)`];
}
