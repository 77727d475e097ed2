/** What was lent to in-path probes, as it is kept for the running kernel. */
import type { Leases } from '../balancer/leases.ts';
import { decimal, integer, nullable, object, record, type Shape } from './shape.ts';

export interface StoredLeases {
  /** By path. */
  readonly marks: Leases;
  /** By listener, then by path. */
  readonly ports: Readonly<Record<string, Leases>>;
}

const leases = record(
  object({
    number: integer(0, 0xffff_ffff),
    unwantedSince: nullable(decimal(0, Number.MAX_SAFE_INTEGER)),
  }),
) as Shape<Leases>;

export const leasesShape = object({ marks: leases, ports: record(leases) }) as Shape<StoredLeases>;
