/** Does somebody accept connections there? Nothing is sent. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { Streams } from '../kernel/streams.ts';
import type { Address } from '../wire/address.ts';
import { attempt } from './attempt.ts';
import { sentence } from './dial.ts';

export function tcpProbe(spec: ProbeSpec, streams: Streams, signal: AbortSignal): Promise<ProbeResult> {
  const { address, port, check } = spec;
  const { from, mark } = check.target;
  return attempt(spec, signal, (current) => {
    current.stage = 'while connecting';
    const pending = streams.reach(
      { address: address as Address, port, from, mark },
      {
        onReached: () => current.settle(),
        onError: (code, isUnsent) => current.settle(sentence(spec, { code }, current.stage), isUnsent),
      },
    );
    return () => pending.close();
  });
}
