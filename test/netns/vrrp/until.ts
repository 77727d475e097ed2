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
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > endMs)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(everyMs);
  }
}
