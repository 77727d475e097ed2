/**
 * How the advertisements of an instance are protected, and how that changes while directors get another configuration one after
 * another. Whoever has it already goes on sending as before and believes both, until all others have it too; then it sends as the
 * configuration says, and when the former kind has not been heard for a while, only that is believed. So a new key, or signing
 * that begins or ends, loses no advertisement, and nobody falls silent. Pure.
 */
import { type HmacKey, hmacKey } from '../config/hmac-key.ts';
import type { InstanceConfig } from '../config/instance.ts';

/** null: none, nothing is signed. The modes are keepalived's. */
export type Protection = {
  /** receive: believes signed ones, too; permissive: sends them; enforce: believes no other. */
  readonly mode: 'receive' | 'permissive' | 'enforce';
  readonly key: string;
} | null;

export interface Ring {
  /** What the configuration says. */
  readonly wanted: Protection;
  /** What is sent: all who listen understand it. */
  readonly sends: Protection;
  /** What others may still send. */
  readonly former: readonly Protection[];
}

/** By instance. */
export type Rings = Readonly<Record<string, Ring>>;

/** @param before of the configuration before; undefined: there was none */
export function ringFor(before: Ring | undefined, wanted: Protection): Ring {
  if (before === undefined) return { wanted, sends: wanted, former: [] };
  if (isSame(before.wanted, wanted)) return before;
  const former = [...before.former, before.wanted].filter((one) => !isSame(one, wanted));
  return { wanted, sends: before.sends, former };
}

/** Everybody understands what is wanted. */
export function agreed(ring: Ring): Ring {
  return { ...ring, sends: ring.wanted };
}

/** Nobody sends anything else any more. */
export function settled(ring: Ring): Ring {
  return { ...ring, sends: ring.wanted, former: [] };
}

export function isAgreed({ wanted, sends }: Ring): boolean {
  return isSame(wanted, sends);
}

/** What is believed, the wanted first. */
export function believed({ wanted, former }: Ring): readonly Protection[] {
  return [wanted, ...former];
}

/** What to sign with; null: nothing is signed. */
export function signingKey({ sends }: Ring): HmacKey | null {
  return sends === null || sends.mode === 'receive' ? null : keyOf(sends);
}

/** null: of a protection without a key, or with none that can be used. */
export function keyOf(protection: Protection): HmacKey | null {
  const key = protection === null ? null : hmacKey(protection.key);
  return key === null || 'problem' in key ? null : key;
}

function isSame(one: Protection, other: Protection): boolean {
  return one?.mode === other?.mode && one?.key === other?.key;
}

/** Of an instance as it is configured. */
export function protectionOf({ hmac }: Pick<InstanceConfig, 'hmac'>): Protection {
  return hmac === null ? null : { mode: hmac.mode, key: hmac.key.value };
}

/** Whether one signed with `key` (null: unsigned) is believed for the sake of those that have not changed yet only. */
export function isFormer({ wanted }: Ring, key: HmacKey | null): boolean {
  if (wanted === null) return key !== null;
  if (key === null) return wanted.mode === 'enforce';
  return String(keyOf(wanted)?.bytes) !== String(key.bytes);
}
