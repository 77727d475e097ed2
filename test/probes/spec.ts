/** Checks and probes for tests: what a case does not name is the default. */
import type { CheckConfig, CheckTiming, HttpExpectation } from '../../src/config/service.ts';
import type { ProbeSpec } from '../../src/health/probe-plan.ts';
import { FakePeerSockets } from '../../src/kernel/fake-peer-sockets.ts';
import { FakeStreams } from '../../src/kernel/fake-streams.ts';
import { type Probe, probeMaker } from '../../src/probes/probe.ts';

export const TIMING: CheckTiming = {
  intervalMs: 5_000,
  timeoutMs: 2_000,
  retries: 2,
  retryDelayMs: 1_000,
  rise: 2,
  warmupMs: 5_000,
};

const TARGET = { address: null, port: null, from: null, mark: null, via: 'rip' } as const;

const EXPECTATION: HttpExpectation = {
  path: '/',
  host: null,
  method: 'GET',
  headers: {},
  status: [[200, 299]],
  md5: null,
  sha256: null,
  body: null,
};

export function checkOf(
  check: { kind: CheckConfig['kind']; readonly [option: string]: unknown },
  timing: Partial<CheckTiming> = {},
): CheckConfig {
  const expectation = check.kind === 'http' || check.kind === 'https' ? EXPECTATION : {};
  const tls = check.kind === 'https' ? { sni: null, verify: true, expiresWithinMs: null } : {};
  return { ...expectation, ...tls, ...check, timing: { ...TIMING, ...timing }, target: TARGET } as CheckConfig;
}

export function specOf(check: CheckConfig, port: number, address = '127.0.0.1'): ProbeSpec {
  return { key: 'k', check, address, port, timing: check.timing };
}

/** Where neither datagrams nor scripts matter. */
export const probeOf: (spec: ProbeSpec) => Probe = probeMaker({
  streams: new FakeStreams(),
  sockets: new FakePeerSockets(),
  runScript: () => Promise.resolve({ exitCode: null, problem: 'there are no scripts here' }),
});
