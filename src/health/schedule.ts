/**
 * Which probe is due next: a binary heap of (time, key), so that ten thousand checks need one timer between them.
 * A key may be pushed again with another time; what was pushed before is then stale and is skipped.
 */
export class Schedule {
  readonly #heap: Entry[] = [];
  readonly #valid = new Map<string, number>();

  /** Puts `key` at `atMs`, in place of where it was. */
  set(key: string, atMs: number): void {
    this.#valid.set(key, atMs);
    this.#heap.push({ atMs, key });
    this.#rise(this.#heap.length - 1);
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#valid.size) this.#rebuild();
  }

  delete(key: string): void {
    this.#valid.delete(key);
  }

  /** When the earliest is due, or undefined when nothing is. */
  get nextMs(): number | undefined {
    return this.#top()?.atMs;
  }

  /** Takes the earliest that is due at `nowMs`, or undefined. */
  take(nowMs: number): string | undefined {
    const top = this.#top();
    if (top === undefined || top.atMs > nowMs) return undefined;
    this.#pop();
    this.#valid.delete(top.key);
    return top.key;
  }

  #top(): Entry | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || this.#valid.get(top.key) === top.atMs) return top;
      this.#pop();
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rebuild(): void {
    this.#heap.length = 0;
    for (const [key, atMs] of this.#valid) this.#heap.push({ atMs, key });
    this.#heap.sort((a, b) => a.atMs - b.atMs);
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      const child = this.#earlier(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  #earlier(a: number, b: number): boolean {
    return (this.#heap[a]?.atMs ?? Number.POSITIVE_INFINITY) < (this.#heap[b]?.atMs ?? Number.POSITIVE_INFINITY);
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [low, high] = [this.#heap[child], this.#heap[parent]];
    if (low === undefined || high === undefined || low.atMs >= high.atMs) return false;
    this.#heap[child] = high;
    this.#heap[parent] = low;
    return true;
  }
}

interface Entry {
  readonly atMs: number;
  readonly key: string;
}
