/** Questions to the person at the terminal; on stderr, so that stdout stays data. */
import { createInterface } from 'node:readline/promises';
import type { Output } from './output.ts';

/** Whether anybody can be asked. */
export function canAsk(output: Output): boolean {
  return output.interactive && process.stdin.isTTY === true;
}

/** Yes only by `y` or `yes`; the end of the input is a no. @throws AbortError on ^C */
export async function confirm(question: string, signal?: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  const interrupted = new Promise<never>((_resolve, reject) => {
    lines.once('SIGINT', () => reject(new DOMException('interrupted', 'AbortError')));
  });
  try {
    const ends = signal ? AbortSignal.any([signal, closed.signal]) : closed.signal;
    const answer = await Promise.race([
      lines.question(`${question} [y/N] `, { signal: ends }).catch((error: unknown) => {
        if (signal?.aborted) throw error;
        return '';
      }),
      interrupted,
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
