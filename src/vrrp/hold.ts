/** Instances that are kept from becoming MASTER for a while, each with the reason: a part of the start gate. */
import type { Standing } from './tracking.ts';

/** By instance. Times of the caller's monotonic clock. */
export type Holds = Readonly<Record<string, { readonly reason: string; readonly untilMs: number }>>;

/** Those whose time is not over. */
export function holdOn(holds: Holds, nowMs: number): Holds {
  const held = Object.entries(holds).filter(([, { untilMs }]) => untilMs > nowMs);
  return Object.fromEntries(held.map(([name, { reason, untilMs }]) => [name, { reason, untilMs }]));
}

/** What it waits for: its surroundings, else the end of its hold, else nothing. */
export function waitingFor(name: string, standing: Pick<Standing, 'waitingFor'>, holds: Holds): string | null {
  return standing.waitingFor ?? holds[name]?.reason ?? null;
}
