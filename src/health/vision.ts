/**
 * How well this director sees a service: where nearly all of it fails for one director only, that one is not to be believed, and
 * should not be the one that serves. Pure.
 */
import type { ServiceRules, ServiceStanding } from './service-standing.ts';

/** `failing`: it fails open for so long that every other director has had the time to find the same; `poor`: neither that nor well. */
export type Vision = 'well' | 'poor' | 'failing';

/** Of one look until its word has come to the others. */
const TOLD_MS = 3_000;

/** @param wanted - how many of its realservers are to serve */
export function visionOf(
  { failOpen: { up, open }, quorum }: ServiceStanding,
  { failOpen: { windowMs } }: Pick<ServiceRules, 'failOpen'>,
  wanted: number,
  nowMs: number,
): Vision {
  if (open !== null) return nowMs - open.sinceMs >= windowMs + TOLD_MS ? 'failing' : 'poor';
  return quorum === 'up' && 2 * up.size >= wanted ? 'well' : 'poor';
}
