/** Does somebody accept connections there? Nothing is sent. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import { dial } from './dial.ts';

export function tcpProbe(spec: ProbeSpec, signal: AbortSignal): Promise<ProbeResult> {
  return dial(spec, signal, ({ settle }) => settle());
}
