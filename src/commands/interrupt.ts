/** ^C: once means stop when the current host is done, twice means at once. */

export interface Interrupt {
  /** Fires at the second ^C, and at SIGTERM or SIGHUP, when nobody is there to wait. */
  readonly signal: AbortSignal;
  stopping(): boolean;
  /** Gives the signals back. */
  end(): void;
}

export function interruptible(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  let count = 0;
  const onInterrupt = () => {
    count += 1;
    if (count === 1) onFirst();
    else controller.abort();
  };
  const onEnd = () => {
    count = 2;
    controller.abort();
  };
  process.on('SIGINT', onInterrupt).on('SIGTERM', onEnd).on('SIGHUP', onEnd);
  return {
    signal: controller.signal,
    stopping: () => count > 0,
    end: () => process.off('SIGINT', onInterrupt).off('SIGTERM', onEnd).off('SIGHUP', onEnd),
  };
}
