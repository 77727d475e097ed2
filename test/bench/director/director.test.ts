import { describe, expect, it } from 'vitest';
import { latenessOf } from './lateness.ts';
import { usageOf } from './processes.ts';
import { ripOf, storedConfig } from './topology.ts';

describe('the director of the benchmarks', () => {
  it('has realservers that all services share, or none of them', () => {
    const count = (distinct: boolean) =>
      storedConfig({ services: 3, realservers: 4, check: '{ tcp: 80 }', distinct }).config.realservers.length;
    expect([count(false), count(true)]).toEqual([4, 12]);
    expect([ripOf(0), ripOf(255), ripOf(256)]).toEqual(['127.1.0.0', '127.1.0.255', '127.1.1.0']);
  });

  it('may be without a service, and services without a check', () => {
    const none = { services: 0, realservers: 1, check: null, distinct: false };
    expect(storedConfig(none).config.services).toEqual([]);
    const [service] = storedConfig({ ...none, services: 1 }).config.services;
    expect(service?.realservers[0]?.checks).toEqual([]);
  });
});

describe('what a process has used', () => {
  it('is told of it and its children, and nothing of one that is gone', () => {
    const { cpuMs, memoryMb } = usageOf(process.pid);
    expect(cpuMs).toBeGreaterThan(0);
    expect(memoryMb).toBeGreaterThan(10);
    expect(usageOf(0x7fff_ffff)).toEqual({ cpuMs: 0, memoryMb: 0 });
  });
});

describe('lateness', () => {
  it('is what was seen, and the worst that was not when it has grown', () => {
    expect(latenessOf([1, 3, 2], 50, 50)).toEqual({ samples: 3, medianMs: 2, worstMs: 3 });
    expect(latenessOf([1, 3, 2], 50, 60)).toEqual({ samples: 3, medianMs: 2, worstMs: 60 });
  });
});
