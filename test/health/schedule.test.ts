import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Schedule } from '../../src/health/schedule.ts';

/** The same by a list that is sorted anew each time. */
class SlowSchedule {
  readonly times = new Map<string, number>();

  get first(): readonly [string, number] | undefined {
    return [...this.times].sort((a, b) => a[1] - b[1])[0];
  }
}

it('gives what is due in order of time, as a sorted list would', () => {
  const key = fc.integer({ min: 0, max: 30 }).map(String);
  const atMs = fc.integer({ min: 0, max: 1_000 });
  const op = fc.constantFrom('set', 'delete', 'take');
  fc.assert(
    fc.property(fc.array(fc.tuple(op, key, atMs), { maxLength: 300 }), (steps) => {
      const schedule = new Schedule();
      const slow = new SlowSchedule();
      for (const [what, name, ms] of steps) {
        if (what === 'set') {
          schedule.set(name, ms);
          slow.times.set(name, ms);
        } else if (what === 'delete') {
          schedule.delete(name);
          slow.times.delete(name);
        } else takeBoth(schedule, slow, ms);
        expect(schedule.nextMs).toBe(slow.first?.[1]);
      }
    }),
  );
});

function takeBoth(schedule: Schedule, slow: SlowSchedule, nowMs: number): void {
  const due = slow.first?.[1];
  const taken = schedule.take(nowMs);
  if (due === undefined || due > nowMs) {
    expect(taken).toBeUndefined();
    return;
  }
  // Of several at one time either may come first.
  expect(slow.times.get(taken ?? '')).toBe(due);
  slow.times.delete(taken ?? '');
}

it('does not grow with a key that is moved again and again', () => {
  const schedule = new Schedule();
  for (let index = 0; index < 200_000; index++) schedule.set('one', 1_000_000 - (index % 1_000));
  schedule.set('two', 5);
  expect(schedule.take(5)).toBe('two');
  expect(schedule.nextMs).toBe(1_000_000 - 999);
});
