/** Does somebody accept connections there? Nothing is sent. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { Streams } from '../kernel/streams.ts';
import { dial } from './dial.ts';

export function tcpProbe(spec: ProbeSpec, streams: Streams, signal: AbortSignal): Promise<ProbeResult> {
  return dial(spec, streams, signal, ({ settle }) => settle());
}
