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

/** What reading keys needs of a terminal; process.stdin fits. */
export interface KeyInput {
  setRawMode(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * Asks for a passphrase without showing it; questions that come together wait for each other. An empty line or ^D is
 * null. @throws AbortError on ^C
 */
export function askSecret(
  question: string,
  input: KeyInput = process.stdin,
  show: (text: string) => unknown = (text) => process.stderr.write(text),
): Promise<string | null> {
  const answer = turn.then(() => readSecret(question, input, show));
  turn = answer.catch(() => {});
  return answer;
}

function readSecret(question: string, input: KeyInput, show: (text: string) => unknown): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let line: Line = { typed: [] };
    const onKeys = (chunk: Buffer): void => {
      for (const key of decoder.decode(chunk, { stream: true })) line = lineWith(line, key);
      if (line.end === undefined) return;
      input.off('data', onKeys);
      input.setRawMode(false);
      input.pause();
      show('\n');
      if (line.end === 'interrupted') reject(new DOMException('interrupted', 'AbortError'));
      else resolve(line.typed.join('') || null);
    };
    show(question);
    input.setRawMode(true);
    input.on('data', onKeys);
    input.resume();
  });
}

interface Line {
  readonly typed: readonly string[];
  readonly end?: 'entered' | 'interrupted';
}

/** The line after one more key; keys after its end are nothing. */
function lineWith(line: Line, key: string): Line {
  if (line.end !== undefined) return line;
  switch (key) {
    case '\u0003': // ^C
      return { typed: [], end: 'interrupted' };
    case '\u0004': // ^D
    case '\r':
    case '\n':
      return { ...line, end: 'entered' };
    case '\u0008':
    case '\u007f':
      return { typed: line.typed.slice(0, -1) };
    default:
      return { typed: [...line.typed, key] };
  }
}
