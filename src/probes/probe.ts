/** One question to one target: which kinds there are, and the deadline that all share. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import { httpProbe } from './http.ts';
import { httpsProbe } from './https.ts';
import { tcpProbe } from './tcp.ts';

/** Asks once. Never rejects: whatever goes wrong is a failed result. An aborted probe's result means nothing. */
export type Probe = (signal: AbortSignal) => Promise<ProbeResult>;

/** Kinds and options that no probe serves yet, as a sentence; undefined when {@link probeOf} can make one. */
export function unsupportedCheck({ kind, target }: ProbeSpec['check']): string | undefined {
  if (kind !== 'tcp' && kind !== 'http' && kind !== 'https') return `checks of kind ${kind} are not supported yet`;
  if (target.mark !== null) return 'the option mark of checks is not supported yet';
  if (target.via !== 'rip') return 'checks with via: vip are not supported yet';
  return undefined;
}

export function probeOf(spec: ProbeSpec): Probe {
  const { check } = spec;
  const unsupported = unsupportedCheck(check);
  if (unsupported !== undefined) return () => Promise.resolve({ ok: false, latencyMs: 0, error: unsupported });
  switch (check.kind) {
    case 'tcp':
      return (signal) => tcpProbe(spec, signal);
    case 'http':
      return (signal) => httpProbe(spec, check, signal);
    case 'https':
      return (signal) => httpsProbe(spec, check, signal);
    case 'ping':
    case 'smtp':
    case 'dns':
    case 'udp':
    case 'script':
    case 'file':
      throw new Error(`no probe for ${check.kind}`);
  }
}
