/** A router driven as the loop drives it: from time 0 on, with a `time` event at every deadline, and no rule of it ever broken. */
import { expect } from 'vitest';
import type { Effect } from '../../src/vrrp/instance.ts';
import { newRouter, nextDeadlineMs, type Router, type RouterEvent, stepRouter } from '../../src/vrrp/router.ts';
import { brokenRule } from './invariants.ts';

export class Driven {
  nowMs = 0;
  router: Router = newRouter(0);
  readonly effects: (Effect & { readonly atMs: number })[] = [];

  take(event: RouterEvent): this {
    const { router, effects } = stepRouter(this.router, event, this.nowMs);
    this.router = router;
    this.effects.push(...effects.map((effect) => ({ ...effect, atMs: this.nowMs })));
    expect(brokenRule(router)).toBeUndefined();
    return this;
  }

  until(atMs: number): this {
    for (;;) {
      const dueMs = nextDeadlineMs(this.router, this.nowMs);
      if (dueMs === null || dueMs > atMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.take({ type: 'time' });
    }
    this.nowMs = atMs;
    return this;
  }
}
