/** One try of one probe: a deadline for the whole of it, and one end. */
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';

export interface Attempt {
  /** How far it has come, for the sentence of a timeout: `while connecting`. */
  stage: string;
  /** Ends the probe; only the first call counts. undefined: it passed. @param isUnsent - nothing was sent */
  settle(error?: string, isUnsent?: boolean): void;
}

/**
 * @param begin - starts it, and gives back what closes everything that it has opened; that is called once
 * @param silence - what it means that nothing has settled it until the deadline
 */
export function attempt(
  spec: ProbeSpec,
  signal: AbortSignal,
  begin: (current: Attempt) => () => void,
  silence: 'fails' | 'passes' = 'fails',
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const started = performance.now();
    const current: Attempt = { stage: '', settle };
    const expire = (): void => settle(silence === 'passes' ? undefined : expiry(spec, current.stage));
    // Timers come before what has arrived: after a stall of this process an answer in time must not be blamed for it.
    const timer = setTimeout(() => setImmediate(expire), spec.timing.timeoutMs);
    const abort = (): void => settle('the probe was stopped');
    let close: (() => void) | undefined;
    let isSettled = false;
    function settle(error?: string, isUnsent = false): void {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      close?.();
      const latencyMs = performance.now() - started;
      if (error === undefined) resolve({ ok: true, latencyMs });
      else resolve({ ok: false, latencyMs, error, ...(isUnsent ? { isUnsent } : {}) });
    }
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) {
      abort();
      return;
    }
    close = begin(current);
    if (isSettled) close();
  });
}

function expiry(spec: ProbeSpec, stage: string): string {
  return `${where(spec)} did not answer within ${spec.timing.timeoutMs} ms${stage === '' ? '' : ` (${stage})`}`;
}

/** Whom a sentence speaks of: `10.77.1.21:80`, and of an in-path probe the realserver, too. */
export function where(spec: ProbeSpec): string {
  return spec.path === undefined ? endpoint(spec) : `${endpoint(spec)} (through IPVS to ${spec.path.address})`;
}

/** `10.77.1.21:80`; without a port `10.77.1.21`. */
export function endpoint({ address, port }: ProbeSpec): string {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
