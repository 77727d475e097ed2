import { describe, expect, it } from 'vitest';
import { Prober } from '../../src/agent/prober.ts';
import { probePlan } from '../../src/health/probe-plan.ts';
import type { ProbeResult } from '../../src/health/verdict.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';
import { storedConfig } from '../bench/director/topology.ts';

class CountingClock extends FakeClock {
  timersSet = 0;

  override setTimer(atMs: number, fn: () => void): () => void {
    this.timersSet += 1;
    return super.setTimer(atMs, fn);
  }
}

/** Probes that end when they are told to; their checks' interval is a second. */
function probing(count: number) {
  const clock = new CountingClock();
  const open: ((result: ProbeResult) => void)[] = [];
  let started = 0;
  const prober = new Prober({
    clock,
    random: () => 0.5,
    probeOf: () => () => {
      started += 1;
      return new Promise((resolve) => open.push(resolve));
    },
    damps: () => true,
    onVerdict: () => {},
    onWeight: () => {},
  });
  const stored = storedConfig({ services: 1, realservers: count, check: '{ tcp: 80 }', distinct: true });
  prober.configure(probePlan(stored.config, 'lb1'));
  return {
    clock,
    prober,
    started: () => started,
    /** Lets the probes that run pass, and what waits for them happen. */
    async pass(): Promise<void> {
      for (const settle of open.splice(0)) settle({ ok: true, latencyMs: 1 });
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('the prober', () => {
  it('runs each probe at its pace, by one timer for those that are due together', async () => {
    const { clock, started, pass } = probing(100);
    clock.advance(500);
    expect(started()).toBe(100);
    await pass();
    expect(clock.nextAtMs()).toBe(1_500);
    expect(clock.timersSet).toBe(2);
    clock.advance(999);
    expect(started()).toBe(100);
    clock.advance(1);
    expect(started()).toBe(200);
  });

  it('has a thousand under way at the most, and goes on when they end', async () => {
    const { clock, started, pass } = probing(1_500);
    clock.advance(600);
    expect(started()).toBe(1_000);
    expect(clock.nextAtMs()).toBeUndefined();
    await pass();
    clock.advance(0);
    expect(started()).toBe(1_500);
    expect(clock.nextAtMs()).toBe(1_500);
  });

  it('runs nothing more once it is stopped, and goes on with another plan', async () => {
    const { clock, prober, started, pass } = probing(10);
    clock.advance(500);
    prober.stop();
    await pass();
    clock.advance(10_000);
    expect(started()).toBe(10);
    const stored = storedConfig({ services: 1, realservers: 5, check: '{ tcp: 81 }', distinct: true });
    prober.configure(probePlan(stored.config, 'lb1'));
    clock.advance(1_000);
    expect(started()).toBe(15);
  });
});
