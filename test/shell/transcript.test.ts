import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Transcript } from '../../src/shell/transcript.ts';

const NONCE = '0'.repeat(32);
const STEPS = [
  { name: 'one', text: ':' },
  { name: 'two', commands: [] },
];

const frame = (text: string): Uint8Array => new TextEncoder().encode(`\x1e${NONCE} ${text}\n`);
const words = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('transcript', () => {
  it('waits for both streams, however far they run apart', () => {
    const transcript = new Transcript(STEPS, NONCE);
    expect(transcript.push('stdout', frame('B 0 - -'))).toEqual([]);
    transcript.push('stdout', words('out'));
    expect(transcript.push('stdout', frame('E 0 0 -'))).toEqual([]);
    transcript.push('stdout', frame('B 1 - -'));
    transcript.push('stdout', frame('E 1 5 3'));
    transcript.push('stdout', frame('Z - - -'));
    expect(transcript.done).toBe(false);
    transcript.push('stderr', frame('B 0 - -'));
    transcript.push('stderr', words('err'));
    expect(transcript.push('stderr', frame('E 0 0 -'))).toEqual([
      { name: 'one', exitCode: 0, failedCommand: null, stdout: 'out', stderr: 'err', truncated: false },
    ]);
    transcript.push('stderr', frame('B 1 - -'));
    expect(transcript.push('stderr', frame('E 1 5 3'))).toMatchObject([{ name: 'two', exitCode: 5, failedCommand: 3 }]);
    transcript.push('stderr', frame('Z - - -'));
    expect(transcript.done).toBe(true);
    expect(transcript.result().failed?.name).toBe('two');
  });

  it('ignores frames out of order', () => {
    const transcript = new Transcript(STEPS, NONCE);
    for (const text of ['E 0 0 -', 'B 1 - -', 'B 7 - -', 'B 0 - -', 'B 0 - -', 'Z - - -', 'E 1 0 -']) {
      transcript.push('stdout', frame(text));
      transcript.push('stderr', frame(text));
    }
    expect(transcript.result().steps).toEqual([]);
    expect(transcript.done).toBe(false);
    expect(transcript.interrupted().step).toBe('one');
  });

  it('is not confused by one who knows the nonce: it never throws, and results stay in order', () => {
    const text = fc.constantFrom(
      'B 0 - -',
      'B 1 - -',
      'E 0 0 -',
      'E 1 0 -',
      'E 0 255 999999999',
      'Z - - -',
      'B 999999999 - -',
    );
    const chunk = fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), text });
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 40 }), (chunks) => {
        const transcript = new Transcript(STEPS, NONCE);
        for (const { stream, text } of chunks) transcript.push(stream, frame(text));
        const names = transcript.result().steps.map(({ name }) => name);
        expect(names).toEqual(['one', 'two'].slice(0, names.length));
      }),
    );
  });

  it('keeps what fits, exactly to the byte, and says so', () => {
    const transcript = new Transcript(STEPS, NONCE, { stdoutBytes: 4, stderrBytes: 2 });
    for (const stream of ['stdout', 'stderr'] as const) {
      transcript.push(stream, frame('B 0 - -'));
      transcript.push(stream, words('ab'));
      transcript.push(stream, words('cdef'));
      transcript.push(stream, frame('E 0 0 -'));
    }
    expect(transcript.result().steps[0]).toMatchObject({ stdout: 'abcd', stderr: 'ab', truncated: true });
  });

  it('decodes characters that are cut between chunks, and replaces bytes that are none', () => {
    const transcript = new Transcript(STEPS, NONCE);
    const bytes = words('é漢');
    transcript.push('stderr', frame('B 0 - -'));
    transcript.push('stderr', frame('E 0 0 -'));
    transcript.push('stdout', frame('B 0 - -'));
    for (const byte of bytes) transcript.push('stdout', Uint8Array.of(byte));
    transcript.push('stdout', Uint8Array.of(0xff));
    transcript.push('stdout', frame('E 0 0 -'));
    expect(transcript.result().steps[0]?.stdout).toBe('é漢�');
  });

  it('remembers what the shell complained of outside all steps', () => {
    const transcript = new Transcript(STEPS, NONCE);
    transcript.push('stderr', words('sh: syntax error'));
    expect(transcript.interrupted()).toEqual({ step: null, stderr: 'sh: syntax error' });
  });
});
