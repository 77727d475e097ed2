import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, FrameReader } from '../../src/shell/frames.ts';

const NONCE = '0123456789abcdef0123456789abcdef';
const RS = '\x1e';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Frames with neighbouring data joined, so that it does not matter where chunks were cut. */
function read(chunks: readonly Uint8Array[]): unknown[] {
  const reader = new FrameReader(NONCE);
  const frames: Frame[] = chunks.flatMap((chunk) => reader.push(chunk));
  const seen: unknown[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') seen.push(text);
    text = '';
  };
  for (const frame of [...frames, { kind: 'data' as const, bytes: reader.rest() }]) {
    if (frame.kind === 'data') text += String.fromCharCode(...frame.bytes);
    else {
      flush();
      seen.push(frame);
    }
  }
  flush();
  return seen;
}

const SAMPLE = `noise${RS}${NONCE} B 0 - -\nout${RS}put without newline${RS}${NONCE} E 0 7 2\n${RS}${NONCE} B 1 - -\n${RS}${NONCE} E 1 0 -\n${RS}${NONCE} Z - - -\ntail`;

const EXPECTED = [
  'noise',
  { kind: 'begin', step: 0 },
  `out${RS}put without newline`,
  { kind: 'end', step: 0, exitCode: 7, command: 2 },
  { kind: 'begin', step: 1 },
  { kind: 'end', step: 1, exitCode: 0, command: null },
  { kind: 'done' },
  'tail',
];

describe('frames', () => {
  it('are read whole', () => {
    expect(read([bytesOf(SAMPLE)])).toEqual(EXPECTED);
  });

  it('are read the same when cut at any byte, and byte by byte', () => {
    const bytes = bytesOf(SAMPLE);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(EXPECTED);
    }
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(EXPECTED);
  });

  it.each([
    ['another nonce', `${RS}${'f'.repeat(32)} E 0 0 -\n`],
    ['no nonce', `${RS} E 0 0 -\n`],
    ['a nonce without the separator', `${NONCE} E 0 0 -\n`],
    ['an unknown kind', `${RS}${NONCE} X 0 0 -\n`],
    ['a negative status', `${RS}${NONCE} E 0 -1 -\n`],
    ['a long status', `${RS}${NONCE} E 0 1000 -\n`],
    ['a missing field', `${RS}${NONCE} E 0 0\n`],
    ['a field too many', `${RS}${NONCE} B 0 - - -\n`],
    ['a carriage return', `${RS}${NONCE} B 0 - -\r\n`],
    ['a line that never ends', `${RS}${NONCE} B ${'0'.repeat(500)}`],
    ['separators only', RS.repeat(100)],
  ])('data that looks like one stays data: %s', (_what, text) => {
    expect(read([bytesOf(text)])).toEqual([text]);
    expect(read([...bytesOf(text)].map((byte) => Uint8Array.of(byte)))).toEqual([text]);
  });

  it('come through any output around them, in any chunks', () => {
    const noise = fc.array(fc.constantFrom(RS, NONCE, `${RS}${NONCE}`, ' E 0 0 -', '\n', 'x', '\xff'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(noise, noise, fc.array(fc.nat(200), { maxLength: 8 }), (before, inside, cuts) => {
        const wrap = (parts: readonly string[]): string => `${parts.join('')}x`;
        const text = `${wrap(before)}${RS}${NONCE} B 0 - -\n${wrap(inside)}${RS}${NONCE} E 0 0 -\n`;
        const bytes = bytesOf(text);
        const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        const frames = read(chunks);
        expect(frames).toEqual(read([bytes]));
        expect(frames).toContainEqual({ kind: 'begin', step: 0 });
        expect(frames.at(-1)).toEqual({ kind: 'end', step: 0, exitCode: 0, command: null });
      }),
    );
  });

  it('are never held back beyond one frame', () => {
    const reader = new FrameReader(NONCE);
    for (let count = 0; count < 10_000; count += 1) reader.push(bytesOf(`${RS}${NONCE} B 1`));
    expect(reader.rest().length).toBeLessThanOrEqual(80);
  });
});
