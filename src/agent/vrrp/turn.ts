/**
 * The VRRP process's end of what keeps two of it (src/native/twin.c): one works, the other is loaded and waits on its
 * standard input, so that a process that dies is replaced within milliseconds instead of the time that Node takes to start.
 */
import type { Duplex } from 'node:stream';

/** Says that we are loaded and resolves when it is our turn. Never resolves when whoever gives turns is gone: `onEnd` is called. */
export function ourTurn(twin: Duplex, onEnd: () => void): Promise<void> {
  return new Promise((resolve) => {
    twin.on('error', onEnd);
    twin.once('end', onEnd);
    twin.once('data', () => {
      twin.removeListener('end', onEnd);
      twin.removeListener('error', onEnd);
      // From here on it may close as it likes, and keeps nobody from ending.
      twin.on('error', () => undefined);
      twin.resume();
      resolve();
    });
    twin.write('r');
  });
}
