/** Why a host is out of the run, in the form in which it is shown and counted. */

export interface HostFailure {
  readonly host: string;
  /** unreachable: never entered; refused: host key or authentication; failed: something on it did not work. */
  readonly kind: 'unreachable' | 'refused' | 'failed' | 'interrupted';
  /** One sentence with host and cause. */
  readonly message: string;
  readonly hints: readonly string[];
}

/** Something on a host that did not work: one sentence, and what to do about it. `code` is the exit code it stands for. */
export class HostError extends Error {
  readonly code = 2;
  readonly hints: readonly string[];

  constructor(host: string, message: string, hints: readonly string[] = []) {
    super(`${host}: ${message}`);
    this.name = 'HostError';
    this.hints = hints;
  }
}

/** The transport's failures say their exit code; anything else is a failure of the host's own. */
export function failureOf(host: string, error: unknown): HostFailure {
  const { code, hints } = error as { readonly code?: unknown; readonly hints?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  const kind = code === 4 ? 'unreachable' : code === 7 ? 'refused' : code === 130 ? 'interrupted' : 'failed';
  return { host, kind, message, hints: Array.isArray(hints) ? hints.map(String) : [] };
}

export function hostFailure(host: string, message: string, hints: readonly string[] = []): HostFailure {
  return { host, kind: 'failed', message: `${host}: ${message}`, hints };
}
