/**
 * Whom each instance has heard last, and whom it did not believe: for people who look for the cause of a split brain. The
 * machine needs none of it. One entry an instance and reason, whatever is sent to us.
 */
import type { DropReason } from '../../vrrp/accept.ts';
import type { Address } from '../../wire/address.ts';

interface Packet {
  readonly source: Address;
  /** Monotonic. */
  readonly atMs: number;
}

export interface HeardOf {
  /** The last advertisement that counted. */
  readonly accepted: (Packet & { readonly priority: number }) | null;
  /** The last one dropped, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, Packet>>>;
}

const NOTHING: HeardOf = { accepted: null, dropped: {} };

export class Heard {
  readonly #heard = new Map<string, HeardOf>();

  of(instance: string): HeardOf {
    return this.#heard.get(instance) ?? NOTHING;
  }

  accepted(instance: string, source: Address, priority: number, atMs: number): void {
    this.#heard.set(instance, { ...this.of(instance), accepted: { source, priority, atMs } });
  }

  dropped(instance: string, reason: DropReason, source: Address, atMs: number): void {
    const before = this.of(instance);
    this.#heard.set(instance, { ...before, dropped: { ...before.dropped, [reason]: { source, atMs } } });
  }

  /** Forgets instances that are no longer there. */
  keep(instances: ReadonlySet<string>): void {
    for (const name of this.#heard.keys()) if (!instances.has(name)) this.#heard.delete(name);
  }
}
