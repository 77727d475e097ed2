/** Holds as they are kept on disk and asked for over the control socket. */
import { decimal, flag, list, matching, nullable, object, optional, type Shape, text } from './shape.ts';

/** Somebody's wish that instances of this director do not become MASTER. */
export interface HoldRecord {
  /** null: every instance. */
  readonly instance: string | null;
  /** Who holds; what one has held another does not release by chance. */
  readonly owner: string;
  readonly reason: string | null;
  /** Epoch ms. */
  readonly since: number;
  /** Epoch ms from which it no longer holds. */
  readonly until: number;
  /** It rests while no other director is heard in the exchange: then whoever else might serve is gone. */
  readonly whileHeard?: boolean | undefined;
}

const time = decimal(0, Number.MAX_SAFE_INTEGER);
const name = matching((value) => value !== '' && value.length <= 255, 'a name');

export const holdsShape: Shape<readonly HoldRecord[]> = list(
  object({
    instance: nullable(name),
    owner: name,
    reason: nullable(text),
    since: time,
    until: time,
    whileHeard: optional(flag),
  }),
);

/** 10 min: longer than an apply takes from one director to the next, short enough for a night in which nobody looks. */
export const HOLD_MS = 600_000;
const LONGEST_HOLD_MS = 86_400_000;

export const holdRequestShape = object({
  instance: optional(nullable(name)),
  owner: name,
  reason: optional(nullable(text)),
  /** @default HOLD_MS */
  forMs: optional(decimal(1, LONGEST_HOLD_MS)),
  /** @default false */
  whileHeard: optional(flag),
  /** The instance may come with the next configuration only. @default false */
  comes: optional(flag),
});

/** Of no instance in particular: of all. Of no owner in particular: whoever holds. */
export const releaseRequestShape = object({ instance: optional(nullable(name)), owner: optional(nullable(name)) });
