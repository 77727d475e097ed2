import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `probe` gives something, asking every few ms. @param everyMs more where asking starts a program */
export async function until<Value>(
  what: string | (() => string),
  probe: () => Value | undefined | false,
  withinMs = 15_000,
  everyMs = 5,
): Promise<Value> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    // a probe that took longer than the time that was left says nothing of its end
    const isLast = performance.now() > endMs;
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (isLast) throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(everyMs);
  }
}
