/**
 * A probe that takes the way of clients (`via: vip`): through IPVS on this director to one realserver. What came back counts only
 * where that way was whole the whole time; else it would say something of another realserver, or of nobody.
 */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult, Unasked } from '../health/verdict.ts';
import type { Address } from '../wire/address.ts';
import type { Probe } from './probe.ts';

/** What one probe has for itself while it runs. */
export interface Passage {
  readonly mark: number;
  readonly from: { readonly address: Address; readonly port: number };
  /**
   * Gives it back.
   * @param unsent - why nothing was sent; null: something was
   * @returns why a result says nothing of the realserver, one clause; null: it does
   */
  end(unsent: string | null): Promise<string | null>;
}

export interface Passages {
  /** Never rejects. */
  take(spec: ProbeSpec): Promise<Passage | Unasked>;
}

/** Asks once, or tells why it could not. Never rejects. */
export type InPathProbe = (signal: AbortSignal) => Promise<ProbeResult | Unasked>;

/** @param probeOf - a probe over sockets with mark and source as its target says */
export function inPathProbe(spec: ProbeSpec, passages: Passages, probeOf: (spec: ProbeSpec) => Probe): InPathProbe {
  return async (signal) => {
    const passage = await passages.take(spec);
    if ('unasked' in passage) return passage;
    const { mark, from } = passage;
    const target = { ...spec.check.target, mark, from };
    const result = await probeOf({ ...spec, check: { ...spec.check, target } })(signal);
    const doubt = await passage.end(!result.ok && result.isUnsent ? result.error : null);
    return doubt === null ? result : { unasked: doubt };
  };
}
