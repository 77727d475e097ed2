/** TCP probes against the kernel, in the ways that hosts refuse. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runInNamespace } from './kernel/namespace.ts';

describe('probes by TCP', () => {
  let result: Record<string, unknown>;
  beforeAll(async () => {
    result = await runInNamespace('tcp-probes-program.ts', 60_000);
  });

  it('pass where somebody accepts, over IPv4 and IPv6, many at once', () => {
    expect(result['accepted']).toEqual(['passed', 'passed', 'passed']);
    expect(result['together']).toBe(500);
  });

  it('hear of a closed port, of no route, and of silence', () => {
    expect(result['closed']).toEqual(['10.1.1.1:1 refused the connection', '[fd01::1]:1 refused the connection']);
    expect(result['noRoute']).toMatch(/^10\.9\.1\.1:80 is unreachable: .*\(EHOSTUNREACH\)$/);
    expect(result['silent']).toBe('10.2.2.99:80 did not answer within 200 ms (while connecting)');
  });

  it('ask from the address and port that are given', () => {
    expect([result['from'], result['fromPort']]).toEqual([['passed'], ['passed']]);
    expect(result['callers']).toEqual(['127.0.0.77:4777', '4778']);
    expect(result['fromNowhere']).toMatch(/^10\.1\.1\.1:80 cannot be asked from the address .*EADDRNOTAVAIL/);
  });

  it('end with a reset, leave nothing in TIME_WAIT and no descriptor open', () => {
    expect(result['ends']).toEqual(['ECONNRESET']);
    expect(result['timeWaits']).toBe(0);
    expect(result['stopped']).toBe('the probe was stopped');
    expect(result['leftOpen']).toEqual([]);
  });
});
