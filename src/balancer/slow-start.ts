/**
 * The weight of a realserver that has just begun to serve: it rises from the first to the last over the time of `slow_start`, in
 * whole steps, so that the kernel is told no more often than the number changes. A function of time alone. Never 0, which would
 * be a drain: of weight 1 there is nothing to raise.
 */

/** @param servedMs - how long it has been given connections */
export function rampedWeight(weight: number, servedMs: number, slowStartMs: number): number {
  if (servedMs >= slowStartMs || weight <= 1) return weight;
  return Math.max(1, Math.floor((weight * Math.max(0, servedMs)) / slowStartMs));
}

/**
 * How far a weight in the kernel has come, at the least: an agent that starts goes on from there. What is at its full weight, or
 * above a weight that was lowered meanwhile, is through.
 */
export function servedMsOf(found: number, weight: number, slowStartMs: number): number {
  if (found >= weight) return Number.POSITIVE_INFINITY;
  return found <= 1 ? 0 : Math.ceil((found * slowStartMs) / weight);
}
