/** What the agent keeps on disk beside its configuration. */
import type { Override } from '../balancer/override.ts';
import type { Ownership } from '../balancer/ownership.ts';
import type { Removal } from '../balancer/said.ts';
import { decimal, flag, integer, list, nullable, object, record, type Shape, text } from './shape.ts';

const time = decimal(0, Number.MAX_SAFE_INTEGER);

export const ownershipShape: Shape<Ownership> = record(
  object({ drain: object({ timeoutMs: time, waitForPersistent: flag }), leaving: record(time) }),
);

/** The kernel's weights: 0 … 2³¹ − 1. */
export const weight = integer(0, 2_147_483_647);

export const overridesShape: Shape<readonly Override[]> = list(
  object({
    realserver: text,
    service: nullable(text),
    weight,
    owner: text,
    reason: nullable(text),
    since: time,
    until: nullable(time),
  }),
);

export const removalsShape: Shape<readonly Removal[]> = list(
  object({ realserver: text, service: nullable(text), since: time }),
);
