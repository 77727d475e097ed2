import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/output/failure.ts';
import { createOutput, type GlobalOptions, type OutputStreams, type Sink } from '../../src/output/output.ts';
import { createProgress } from '../../src/output/progress.ts';
import { isExplained, report } from '../../src/output/report.ts';

class FakeSink extends EventEmitter implements Sink {
  written = '';
  readonly isTTY: boolean;
  readonly rows = 6;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.written += text;
    return true;
  }
}

function streams(isTTY = false, env: Record<string, string> = {}): OutputStreams & { out: FakeSink; err: FakeSink } {
  return { out: new FakeSink(isTTY), err: new FakeSink(isTTY), env };
}

function used(options: GlobalOptions, to = streams()): { out: string; err: string } {
  const output = createOutput(options, to);
  output.text('text');
  output.document({ a: 1 });
  output.event({ b: 2 });
  output.note('note');
  output.detail('detail');
  output.warn('warn');
  output.error('error');
  return { out: to.out.written, err: to.err.written };
}

describe('output', () => {
  it('puts data on stdout and messages on stderr', () => {
    expect(used({})).toEqual({ out: 'text\n', err: 'note\nwarning: warn\nerror: error\n' });
  });

  it('puts JSON and nothing else on stdout with --json', () => {
    expect(used({ json: true }).out).toBe('{\n  "a": 1\n}\n{"b":2}\n');
  });

  it('says less with -q and more with -v', () => {
    expect(used({ quiet: true }).err).toBe('warning: warn\nerror: error\n');
    expect(used({ verbose: 1 }).err).toBe('note\ndetail\nwarning: warn\nerror: error\n');
  });

  it.each([
    ['a terminal', {}, streams(true), true],
    ['a pipe', {}, streams(false), false],
    ['--no-color', { color: false }, streams(true), false],
    ['NO_COLOR', {}, streams(true, { NO_COLOR: '1' }), false],
    ['an empty NO_COLOR', {}, streams(true, { NO_COLOR: '' }), true],
    ['a dumb terminal', {}, streams(true, { TERM: 'dumb' }), false],
  ])('colours %s or not', (_what, options, to, coloured) => {
    expect(createOutput(options, to).style.bad('x') !== 'x').toBe(coloured);
    expect(used(options, to).err.includes('\x1b')).toBe(coloured);
  });

  it('lets no escape sequence of a host through', () => {
    const to = streams();
    createOutput({}, to).error('lb1: \x1b[2J\x07 a\tb\nc \u202e');
    expect(to.err.written).toBe('error: lb1: \\x1b[2J\\x07 a\tb\nc \\u202e\n');
  });

  it('goes on silently when its reader goes away', () => {
    const to = streams();
    const output = createOutput({}, to);
    output.text('one');
    to.out.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    output.text('two');
    createOutput({}, to).text('three');
    output.note('still here');
    expect([to.out.written, to.err.written]).toEqual(['one\n', 'still here\n']);
  });
});

describe('the report of a failure', () => {
  const reported = (error: unknown, options: GlobalOptions = {}): { code: number; text: string } => {
    const to = streams();
    const code = report(error, createOutput(options, to));
    return { code, text: to.err.written };
  };

  it('has the sentence, the next steps and the code', () => {
    expect(reported(new Failure(6, 'locked by ann', ['Wait.', 'Or: lvsctl lock release']))).toEqual({
      code: 6,
      text: 'error: locked by ann\n  Wait.\n  Or: lvsctl lock release\n',
    });
  });

  it('knows failures of other folders by their shape', () => {
    expect(isExplained(Object.assign(new Error('x'), { code: 4, hints: [] }))).toBe(true);
    expect(isExplained(Object.assign(new Error('x'), { code: 'ENOENT', hints: [] }))).toBe(false);
    expect(isExplained(Object.assign(new Error('x'), { code: 99, hints: [] }))).toBe(false);
  });

  it('shows of the unexpected one line, and the stack only when asked', () => {
    const error = new TypeError('x is not a function\nsecond line');
    expect(reported(error)).toEqual({ code: 1, text: 'error: unexpected: x is not a function (-vv shows where)\n' });
    expect(reported(error, { verbose: 2 }).text).toContain('output.test.ts');
    expect(reported('a string').code).toBe(1);
    expect(reported(undefined).code).toBe(1);
  });

  it('takes an abort for an interruption', () => {
    expect(reported(new DOMException('stop', 'AbortError')).code).toBe(130);
  });
});

describe('progress', () => {
  const run = (to: ReturnType<typeof streams>, options: GlobalOptions = {}): string => {
    const progress = createProgress(createOutput(options, to), () => new Date('2030-01-01T10:20:30Z'));
    progress.doing('web1', 'reading facts');
    progress.doing('web2', 'reading facts');
    progress.done('web1', '3 changes', 'changed');
    progress.line('directors');
    progress.done('web2', 'disk full', 'bad');
    progress.end();
    return to.err.written;
  };

  it('is plain lines with the time elsewhere than on a terminal', () => {
    expect(run(streams())).toBe(
      [
        '10:20:30 web1: reading facts',
        '10:20:30 web2: reading facts',
        '10:20:30 web1: 3 changes',
        '10:20:30 directors',
        '10:20:30 web2: FAILED: disk full',
        '',
      ].join('\n'),
    );
  });

  it('tells only failures with -q, and nothing but them with --json', () => {
    expect(run(streams(), { quiet: true })).toBe('error: web2: disk full\n');
    expect(run(streams(true), { json: true, color: false })).toBe('error: web2: disk full\n');
  });

  it('leaves on a terminal what is finished, and wipes what was live', async () => {
    const { Terminal } = await import('@xterm/headless');
    const terminal = new Terminal({ cols: 40, rows: 6, allowProposedApi: true });
    await new Promise<void>((resolve) => terminal.write(run(streams(true)).replaceAll('\n', '\r\n'), resolve));
    const lines = Array.from({ length: 6 }, (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true));
    expect(lines).toEqual(['changed web1: 3 changes', 'directors', 'failed  web2: disk full', '', '', '']);
  });

  it('never paints more lines than the terminal has', () => {
    const to = streams(true);
    const progress = createProgress(createOutput({ color: false }, to));
    for (let host = 0; host < 50; host += 1) progress.doing(`h${host}`, 'x');
    const [last = ''] = to.err.written.split('\x1b[J').slice(-1);
    expect(last.split('\n').length - 1).toBe(5);
    expect(last).toContain('… and 46 more');
  });
});
