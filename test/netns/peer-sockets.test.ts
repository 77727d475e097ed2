/** UDP and ICMP probes against the kernel, in the ways that hosts and firewalls refuse. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runInNamespace } from './kernel/namespace.ts';

describe('probes by UDP and ICMP', () => {
  let result: Record<string, unknown>;
  beforeAll(async () => {
    result = await runInNamespace('peer-sockets-program.ts', 60_000);
  });

  it('hear what the peer answers, over IPv4 and IPv6', () => {
    expect([result['echo'], result['echo6']]).toEqual(['passed', 'passed']);
    expect(result['wrong']).toBe('10.1.1.1:7 answered 0x3031, expected 0x32 at the beginning');
    expect([result['ping'], result['ping6']]).toEqual(['passed', 'passed']);
  });

  it('ask from the address and port that are given', () => {
    expect(result['from']).toEqual(['passed', '127.0.0.77:4777']);
    expect(result['fromPort']).toEqual(['passed', '4778']);
    expect(result['pingFrom']).toBe('passed');
    expect(result['fromNowhere']).toMatch(/^10\.1\.1\.1:7 cannot be asked from the address .*EADDRNOTAVAIL/);
  });

  it('share a port, each hearing its own peer, and one after the other where the peer is the same', () => {
    const refused = expect.stringMatching(/ECONNREFUSED/);
    expect(result['fromShared']).toEqual(['passed', refused, 'passed', 'passed']);
  });

  it('do not hear what comes from another address', () => {
    expect(result['otherSource']).toBe('10.1.1.1:8 did not answer within 300 ms');
  });

  it('hear of a closed port, a firewall that refuses, and a host that is gone', () => {
    expect(result['closed']).toMatch(/^10\.1\.1\.1:1 answered that nobody listens on this port .*ECONNREFUSED/);
    expect(result['closed6']).toMatch(/^\[fd01::1\]:1 answered that nobody listens on this port .*ECONNREFUSED/);
    expect(result['prohibited']).toMatch(/is unreachable: .* a firewall says so \(EHOSTUNREACH\)$/);
    expect(result['prohibited6']).toMatch(/forbids it \(EACCES\)$/);
    expect(result['hostUnreachable']).toMatch(/is unreachable: .*\(EHOSTUNREACH\)$/);
    expect(result['noRoute']).toMatch(/is unreachable: .*\(EHOSTUNREACH\)$/);
    expect(result['nobody']).toMatch(/^10\.2\.2\.99:7 is unreachable: no route, nobody answers ARP .*EHOSTUNREACH/);
    expect(result['pingRefused']).toMatch(/^127\.0\.0\.66 is unreachable: .*\(EHOSTUNREACH\)$/);
    expect(result['pingNobody']).toMatch(/^10\.2\.2\.98 is unreachable: .*\(EHOSTUNREACH\)$/);
    expect(result['pingNoRoute']).toMatch(/^10\.9\.1\.1 is unreachable: .*\(EHOSTUNREACH\)$/);
  });

  it('take silence as each check says', () => {
    expect(result['silent']).toBe('passed');
    expect(result['silentExpected']).toBe('10.1.1.1:1003 did not answer within 300 ms');
    expect(result['pingDropped']).toBe('127.0.0.67 did not answer within 300 ms');
  });

  it('know their replies from those to others, many at once', () => {
    expect(result['together']).toBe(200);
  });

  it('end when they are stopped, and leave no descriptor open', () => {
    expect(result['stopped']).toBe('the probe was stopped');
    expect(result['leftOpen']).toEqual([]);
  });
});
