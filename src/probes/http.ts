/** GET (or another method) over plain TCP: status, digest and body as the check expects them. */
import type { HttpExpectation } from '../config/service.ts';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { Streams } from '../kernel/streams.ts';
import { dial } from './dial.ts';
import { exchange } from './http-exchange.ts';

export function httpProbe(
  spec: ProbeSpec,
  want: HttpExpectation,
  streams: Streams,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return dial(spec, streams, signal, (attempt) => exchange(spec, want, attempt.socket, attempt));
}
