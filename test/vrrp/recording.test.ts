import { describe, expect, it } from 'vitest';
import { type RecordingLine, recordingWriter } from '../../src/vrrp/recording.ts';
import { newRouter, type RouterEvent, stepRouter } from '../../src/vrrp/router.ts';
import { address, instanceSetup } from './configuration.ts';
import { caseOf, play } from './conformance-case.ts';
import { firstDifference, readRecording } from './replay.ts';

const [FIRST, SECOND] = ['s3cret-1', 'other-pw'];
const configured = (password: string | null, found = {}): RouterEvent => {
  const setups = [instanceSetup({ version: 2, password })];
  return { type: 'config', setups, found };
};
const up: RouterEvent = {
  type: 'interfaces',
  interfaces: { eth1: { up: true, addresses: [address('10.9.0.2')] } },
};

/** MASTER whose password changes to `then`. */
function recorded(then: string | null): string {
  const write = recordingWriter();
  let router = newRouter(0);
  const lines: RecordingLine[] = [{ type: 'start', format: 1, atMs: 0, router }];
  const events: (readonly [number, RouterEvent])[] = [
    [0, up],
    [0, configured(FIRST, { public: 'fresh' })],
    [1000, { type: 'time' }],
    [1500.125, configured(then)],
    [2000, { type: 'time' }],
    [2100, { type: 'yield', instance: 'public' }],
  ];
  for (const [atMs, event] of events) {
    const stepped = stepRouter(router, event, atMs);
    router = stepped.router;
    lines.push({ type: 'step', atMs, event, effects: stepped.effects });
  }
  lines.push({ type: 'end', atMs: 2100, reason: 'asked', router });
  return lines.map(write).join('');
}

describe('a recording', () => {
  it.each([FIRST, SECOND, null])('has no password in it, and replays all the same (changed to %s)', (then) => {
    const text = recorded(then);
    expect(text).not.toContain(FIRST);
    expect(text).not.toContain(SECOND);
    expect(firstDifference(readRecording(text))).toBeUndefined();
  });

  it('tells one password from another: else a change of it would be none', () => {
    const masks = (text: string): Set<string> => new Set(text.match(/masked-\d/g));
    expect(masks(recorded(FIRST)).size).toBe(1);
    expect(masks(recorded(SECOND)).size).toBe(2);
  });

  it('that was changed is found out, and one that breaks off is read as far as it goes', () => {
    const text = recorded(SECOND);
    expect(firstDifference(readRecording(text.replace('"atMs":1000,', '"atMs":999,')))).toMatchObject({ step: 2 });
    expect(firstDifference(readRecording(text.replace('"advertsSent":4', '"advertsSent":5')))).toBeDefined();
    const broken = readRecording(text.slice(0, -20));
    expect(broken).toMatchObject({ end: undefined, steps: { length: 6 } });
    expect(firstDifference(broken)).toBeUndefined();
    expect(() => readRecording('{"type":"step"}\n')).toThrow('no recording');
  });

  it('is a conformance case as it stands', () => {
    const one = caseOf(readRecording(recorded(SECOND)), 'x', { rfc: 'none', asks: 'X.', ours: 'X.' });
    expect(JSON.parse(JSON.stringify(play(one)))).toEqual(one.outputs);
    expect(one.outputs.at(-1)?.state).toMatchObject({ public: { state: 'MASTER', handingOver: { yielded: true } } });
  });
});
