/** Probes whose packets carry a mark, against the kernel. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runInNamespace } from './kernel/namespace.ts';

describe('probes with a mark', () => {
  let result: Record<string, unknown>;
  beforeAll(async () => {
    result = await runInNamespace('streams-program.ts', 60_000);
  });

  it('carry it in all that they send, by TCP, UDP and echo', () => {
    expect([result['passed'], result['tcp'], result['ping']]).toEqual(['passed', 'passed', 'passed']);
    expect(result['udp']).toMatch(/ECONNREFUSED/);
    expect(result['wrongMark']).toBe('10.1.1.1:80 did not answer within 300 ms (while connecting)');
  });

  it('hear what a server makes of them', () => {
    expect(result['refused']).toBe('10.1.1.1:82 refused the connection');
    expect(result['silent']).toBe(
      '10.1.1.1:81 did not answer within 300 ms (the connection was accepted, but nothing came)',
    );
    expect(result['together']).toBe(200);
  });

  it('come from the port that is given, again at once, and to two listeners at a time', () => {
    expect(result['port']).toEqual(['passed', '10.1.1.9:61000']);
    expect(result['again']).toEqual(['passed', '10.1.1.9:61000']);
    expect(result['otherListener']).toEqual(['passed', 'passed']);
  });

  it('tell what was never sent', () => {
    expect(result['noSource']).toMatch(/^unsent: 10\.1\.1\.1:80 cannot be asked from the address .*EADDRNOTAVAIL/);
  });

  it('end when they are stopped, and leave no descriptor open', () => {
    expect(result['stopped']).toEqual(['the probe was stopped', 'the probe was stopped']);
    expect(result['leftOpen']).toBe(0);
  });
});
