/** One wait: ends by its event, its time limit or its signal, whichever comes first, and cleans up after itself once. */

export interface Limits {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
}

export type WhyEnded = { readonly kind: 'timeout'; readonly afterMs: number } | { readonly kind: 'aborted' };

/**
 * @param begin subscribes, and returns what undoes the subscription.
 * @param failure makes the error for a wait that ended without its event.
 */
export function waitFor<T>(
  limits: Limits,
  failure: (why: WhyEnded) => Error,
  begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  const { signal, timeoutMs } = limits;
  return new Promise((resolve, reject) => {
    let undo: (() => void) | undefined;
    let over = false;
    const end = (settle: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      undo?.();
      settle();
    };
    const onAbort = (): void => end(() => reject(failure({ kind: 'aborted' })));
    const timer = setTimeout(() => end(() => reject(failure({ kind: 'timeout', afterMs: timeoutMs }))), timeoutMs);
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);
    undo = begin(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
    if (over) undo();
  });
}
