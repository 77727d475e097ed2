import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';

describe('the system clock', () => {
  it("counts on the kernel's monotonic scale", () => {
    const kernelMs = (): number => Number(process.hrtime.bigint()) / 1e6;
    const [before, now, after] = [kernelMs(), systemClock.now(), kernelMs()];
    expect(now).toBeGreaterThan(before - 1);
    expect(now).toBeLessThan(after + 1);
  });

  it('fires a timer once, not before its time, and never from within setTimer', async () => {
    const atMs = systemClock.now() + 20;
    let isWithin = true;
    const firedMs = await new Promise<number>((resolve) => {
      systemClock.setTimer(atMs, () => {
        expect(isWithin).toBe(false);
        resolve(systemClock.now());
      });
      isWithin = false;
    });
    expect(firedMs).toBeGreaterThan(atMs - 1.5);
    await new Promise<void>((resolve) => {
      systemClock.setTimer(0, resolve);
    });
  });

  it('does not take a timer beyond 2^31 ms for one that is due', async () => {
    let hasFired = false;
    const cancel = systemClock.setTimer(systemClock.now() + 2 ** 32, () => {
      hasFired = true;
    });
    await new Promise<void>((resolve) => {
      systemClock.setTimer(systemClock.now() + 5, resolve);
    });
    cancel();
    expect(hasFired).toBe(false);
  });
});

describe('the fake clock', () => {
  it('fires in order of time, then of setting, and at the right moment', () => {
    const clock = new FakeClock(1000);
    const fired: [string, number][] = [];
    const note = (name: string) => () => fired.push([name, clock.now()]);
    clock.setTimer(1030, note('c'));
    clock.setTimer(1010, () => {
      note('a')();
      clock.setTimer(1020, note('b'));
    });
    clock.setTimer(1030, note('d'));
    clock.setTimer(1015, note('cancelled'))();
    expect(clock.nextAtMs()).toBe(1010);
    clock.advance(100);
    expect(fired).toEqual([
      ['a', 1010],
      ['b', 1020],
      ['c', 1030],
      ['d', 1030],
    ]);
    expect([clock.now(), clock.nextAtMs()]).toEqual([1100, undefined]);
  });
});
