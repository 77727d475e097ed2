import { describe, expect, it } from 'vitest';
import { gate, inParallel } from '../../src/ssh/gate.ts';
import { type WhyEnded, waitFor } from '../../src/ssh/wait.ts';

const told = (why: WhyEnded): Error => new Error(why.kind);

describe('waitFor', () => {
  it('ends by its event, and undoes its subscription once', async () => {
    let undone = 0;
    const result = await waitFor<number>({ timeoutMs: 1000 }, told, (resolve) => {
      setImmediate(() => {
        resolve(1);
        resolve(2);
      });
      return () => {
        undone += 1;
      };
    });
    expect([result, undone]).toEqual([1, 1]);
  });

  it('undoes a subscription that was over before it was made', async () => {
    let undone = 0;
    await waitFor<void>({ timeoutMs: 1000 }, told, (resolve) => {
      resolve();
      return () => {
        undone += 1;
      };
    });
    expect(undone).toBe(1);
  });

  it('ends by its limit, its signal, or a signal that fired before', async () => {
    const never = (): (() => void) => () => {};
    await expect(waitFor({ timeoutMs: 10 }, told, never)).rejects.toThrow('timeout');
    const abort = new AbortController();
    const waiting = waitFor({ timeoutMs: 10_000, signal: abort.signal }, told, never);
    abort.abort();
    await expect(waiting).rejects.toThrow('aborted');
    let begun = false;
    const late = waitFor({ timeoutMs: 10_000, signal: abort.signal }, told, () => {
      begun = true;
      return () => {};
    });
    await expect(late).rejects.toThrow('aborted');
    expect(begun).toBe(false);
  });
});

describe('gate', () => {
  it('lets no more in than its width, in order, and goes on after failures', async () => {
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const results = await inParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
      inside += 1;
      most = Math.max(most, inside);
      order.push(item);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      if (item % 2 === 0) throw new Error(`even ${item}`);
      return item;
    });
    expect(most).toBe(2);
    expect(order).toEqual([1, 2, 3, 4, 5, 6]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
  });

  it('forgets one who leaves the queue', async () => {
    const narrow = gate(1);
    let open = (): void => {};
    const first = narrow.through(
      () =>
        new Promise<void>((resolve) => {
          open = resolve;
        }),
    );
    const abort = new AbortController();
    const second = narrow.through(async () => 'second', abort.signal);
    const third = narrow.through(async () => 'third');
    abort.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    open();
    await first;
    expect(await third).toBe('third');
    expect(await narrow.through(async () => 'fourth')).toBe('fourth');
  });
});
