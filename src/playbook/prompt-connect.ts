/**
 * Connections for what does not wait: the first host that answers gives the others a little time, no more. One that has lost its
 * power would else keep the rest waiting for as long as a handshake may take.
 */
import type { Connect, Connection } from '../ssh/connection.ts';

/** A handshake with a host that is well takes a second at the most, also far away. */
const GRACE_MS = 5_000;

/** @param graceMs - what is left to the others from the moment on at which the first has answered */
export function promptConnect(connect: Connect, graceMs = GRACE_MS): Connect {
  const first = Promise.withResolvers<void>();
  return async (host, options = {}) => {
    const late = new AbortController();
    const signal = options.signal === undefined ? late.signal : AbortSignal.any([options.signal, late.signal]);
    let timer: NodeJS.Timeout | undefined;
    let isOpen = true;
    const outOfTime = first.promise.then(
      () =>
        new Promise<never>((_resolve, reject) => {
          if (!isOpen) return;
          timer = setTimeout(() => reject(new TooLate(host.name, graceMs)), graceMs);
        }),
    );
    try {
      const dialled = connect(host, { ...options, signal });
      // Should it come after all, nobody is there for it.
      const connection = await Promise.race([dialled, outOfTime]).catch((error: unknown) => {
        if (error instanceof TooLate) void dialled.then(close, () => undefined);
        throw error;
      });
      first.resolve();
      return connection;
    } catch (error) {
      if (error instanceof TooLate) late.abort();
      throw error;
    } finally {
      isOpen = false;
      clearTimeout(timer);
    }
  };
}

async function close(connection: Connection): Promise<void> {
  await connection.close().catch(() => undefined);
}

class TooLate extends Error {
  override name = 'TooLate';
  /** As for a host that is not reachable. */
  readonly code = 4;

  constructor(host: string, graceMs: number) {
    super(`${host} did not answer within ${graceMs / 1_000} s of the first director that did`);
  }
}
