/** Lets so many in at once; the others wait in order. */
export interface Gate {
  /** Runs `work` when there is room. A signal that fires while waiting leaves the queue. */
  through<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function gate(width: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const enter = (signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    if (inside < width) {
      inside += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(admit), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      waiting.push(admit);
    });
  };
  const exit = (): void => {
    const next = waiting.shift();
    if (next) next();
    else inside -= 1;
  };
  return {
    async through(work, signal) {
      await enter(signal);
      try {
        return await work();
      } finally {
        exit();
      }
    },
  };
}

/** Every item through `work`, at most `width` at once; results in the order of the items, failures as results. */
export function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<PromiseSettledResult<R>[]> {
  const entrance = gate(width);
  return Promise.allSettled(items.map((item) => entrance.through(() => work(item))));
}
