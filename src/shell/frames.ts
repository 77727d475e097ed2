/**
 * One output stream of a run → frames and the data between them, incrementally: chunks may be split anywhere. What looks
 * like a frame but has not the run's nonce, or is malformed, is data. Never more than a frame's length is kept back.
 *
 * A frame: RS (0x1e), nonce, kind (B begin, E end of a step, Z end of the run), step, exit status, command, newline.
 */

export type Frame =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'begin'; readonly step: number }
  | { readonly kind: 'end'; readonly step: number; readonly exitCode: number; readonly command: number | null }
  | { readonly kind: 'done' };

const RECORD_SEPARATOR = 0x1e;
const NEWLINE = 0x0a;

/** RS, 32 digits of nonce, `E`, a step, a status and a command of up to 9 digits each, blanks and the newline: 68. */
const LONGEST_FRAME = 80;

const MARK = /^(?:B (\d{1,9}) - -|E (\d{1,9}) (\d{1,3}) (-|\d{1,9})|(Z) - - -)$/;

export class FrameReader {
  #held: Uint8Array = new Uint8Array(0);
  readonly #prefix: Uint8Array;

  constructor(nonce: string) {
    this.#prefix = new TextEncoder().encode(`\x1e${nonce} `);
  }

  /** The frames that are complete with this chunk, in order. */
  push(chunk: Uint8Array): Frame[] {
    const bytes = this.#held.length === 0 ? chunk : joined(this.#held, chunk);
    const frames: Frame[] = [];
    let start = 0;
    let search = 0;
    for (;;) {
      const mark = bytes.indexOf(RECORD_SEPARATOR, search);
      if (mark === -1) break;
      const found = this.#frameAt(bytes, mark);
      if (found === 'unfinished') {
        pushData(frames, bytes, start, mark);
        this.#held = bytes.slice(mark);
        return frames;
      }
      search = mark + 1;
      if (found === 'none') continue;
      pushData(frames, bytes, start, mark);
      frames.push(found.frame);
      start = found.end;
      search = found.end;
    }
    pushData(frames, bytes, start, bytes.length);
    this.#held = new Uint8Array(0);
    return frames;
  }

  /** What is kept back at the end of the stream: data after all. */
  rest(): Uint8Array {
    const held = this.#held;
    this.#held = new Uint8Array(0);
    return held;
  }

  #frameAt(bytes: Uint8Array, mark: number): { frame: Frame; end: number } | 'none' | 'unfinished' {
    const known = Math.min(this.#prefix.length, bytes.length - mark);
    for (let index = 0; index < known; index += 1) {
      if (bytes[mark + index] !== this.#prefix[index]) return 'none';
    }
    const window = bytes.subarray(mark, mark + LONGEST_FRAME);
    const newline = window.indexOf(NEWLINE);
    if (newline === -1) return window.length < LONGEST_FRAME ? 'unfinished' : 'none';
    const text = String.fromCharCode(...window.subarray(this.#prefix.length, newline));
    const frame = parseMark(text);
    return frame === undefined ? 'none' : { frame, end: mark + newline + 1 };
  }
}

function parseMark(text: string): Frame | undefined {
  const match = MARK.exec(text);
  if (match === null) return undefined;
  const [, begun, ended, status, command] = match;
  if (begun !== undefined) return { kind: 'begin', step: Number(begun) };
  if (ended === undefined) return { kind: 'done' };
  return {
    kind: 'end',
    step: Number(ended),
    exitCode: Number(status),
    command: command === '-' ? null : Number(command),
  };
}

function pushData(frames: Frame[], bytes: Uint8Array, start: number, end: number): void {
  if (end > start) frames.push({ kind: 'data', bytes: bytes.slice(start, end) });
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
