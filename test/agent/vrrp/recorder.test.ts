/** Recordings that the loop writes: where, for whom, how long; and that they replay. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Recorder } from '../../../src/agent/vrrp/recorder.ts';
import { RecordingSwitch } from '../../../src/agent/vrrp/recording-switch.ts';
import { newRouter } from '../../../src/vrrp/router.ts';
import { configuration, instance } from '../../vrrp/configuration.ts';
import { firstDifference, readRecording } from '../../vrrp/replay.ts';
import { type Host, Segment } from './segment.ts';

let state: string;
const lines: string[] = [];
const log = (level: string, message: string, fields?: object): void => {
  lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
};
const WALL_MS = Date.UTC(2026, 10, 21, 11, 0, 58, 123);

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'recorder-'));
  lines.length = 0;
});
afterEach(() => rmSync(state, { recursive: true }));

const folder = (): string => join(state, 'recordings');
const recordingOf = (host: Host, wallMs = WALL_MS): RecordingSwitch =>
  new RecordingSwitch(host.loop, () => ({ folder: folder(), log, wallMs }));
const read = (path: string | null): ReturnType<typeof readRecording> => readRecording(readFileSync(path ?? '', 'utf8'));

function pair(): { segment: Segment; a: Host; b: Host } {
  const segment = new Segment();
  const pass = { pass: { source: 'literal', value: 's3cret' } } as const;
  const config = configuration([instance({ version: 2, authentication: pass })]);
  return { segment, a: segment.host('a', '10.9.0.1', config), b: segment.host('b', '10.9.0.2', config) };
}

describe('a recording of the loop', () => {
  it('begins and ends when asked, in the middle of things, and replays', async () => {
    const { segment, b } = pair();
    segment.clock.advance(5000);
    const recording = recordingOf(b);
    const { path, error } = recording.start();
    expect([path, error]).toEqual([join(folder(), '2026-11-21T11-00-58-123Z.jsonl'), null]);
    segment.lan.cut.add('a');
    segment.clock.advance(10_000);
    segment.lan.cut.delete('a');
    segment.clock.advance(3000);
    const ended = await recording.end('asked');
    expect(ended).toMatchObject({ path, error: null, bytes: statSync(path ?? '').size });
    segment.clock.advance(5000);
    const read_ = read(path);
    expect(firstDifference(read_)).toBeUndefined();
    expect(read_.end).toMatchObject({ reason: 'asked', router: { instances: { public: { state: 'BACKUP' } } } });
    const effects = read_.steps.flatMap((step) => step.effects);
    expect(effects.flatMap((one) => (one.type === 'transition' ? one.to : []))).toEqual(['MASTER', 'BACKUP']);
    expect(readFileSync(path ?? '', 'utf8')).not.toContain('s3cret');
  });

  it('is for root alone', async () => {
    const recording = recordingOf(pair().a);
    const { path } = recording.start();
    await recording.end('stopped');
    expect([statSync(folder()).mode & 0o777, statSync(path ?? '').mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it('runs once at a time, and says so when none runs or none can be', async () => {
    const { a } = pair();
    const recording = recordingOf(a);
    expect(await recording.end('asked')).toMatchObject({ path: null, error: 'nothing is recorded' });
    const { path } = recording.start();
    expect(recording.start()).toMatchObject({ path, error: 'a recording runs already' });
    await recording.end('asked');
    expect(recording.start().error).toMatch(/EEXIST/); // never over one that is there
    writeFileSync(join(state, 'file'), '');
    const nowhere = new RecordingSwitch(a.loop, () => ({ folder: join(state, 'file/x'), log, wallMs: WALL_MS }));
    expect(nowhere.start().error).toMatch(/ENOTDIR/);
  });

  it('is one of eight: the oldest makes room, what is none of ours stays', async () => {
    mkdirSync(folder());
    for (const name of ['notes.txt', '2026.jsonl']) writeFileSync(join(folder(), name), '');
    for (let count = 0; count < 10; count++) {
      const recording = recordingOf(pair().a, WALL_MS + count);
      recording.start();
      await recording.end('asked');
    }
    const names = readdirSync(folder());
    expect(names.length).toBe(2 + 8);
    expect(names).toEqual(expect.arrayContaining(['notes.txt', '2026.jsonl', '2026-11-21T11-00-58-132Z.jsonl']));
    expect(names).not.toContain('2026-11-21T11-00-58-124Z.jsonl');
  });
});

describe('a recorder', () => {
  const router = newRouter(0);
  const made = (longestBytes?: number): Recorder => {
    const bound = longestBytes === undefined ? {} : { longestBytes };
    return new Recorder({ folder: folder(), log, wallMs: WALL_MS, ...bound }, router, 0);
  };
  const fill = (recorder: Recorder, count: number): void => {
    for (let step = 0; step < count; step++) recorder.step({ type: 'time' }, [], step, router);
  };

  it('ends by itself when it is full', async () => {
    const recorder = made(10_000);
    fill(recorder, 1000);
    expect(recorder.isEnded).toBe(true);
    await recorder.end('asked', 1, router);
    const { end, steps } = read(recorder.path);
    expect([end?.reason, firstDifference(read(recorder.path))]).toEqual(['full', undefined]);
    expect(statSync(recorder.path).size).toBeLessThan(11_000);
    expect(end?.atMs).toBe(steps.at(-1)?.atMs);
    expect(lines).toEqual([expect.stringContaining('"reason":"full"')]);
  });

  it('ends by itself rather than wait for the disk or remember without end', async () => {
    const recorder = made();
    fill(recorder, 200_000); // in one turn of the loop, so nothing is written meanwhile
    expect(recorder.isEnded).toBe(true);
    expect(recorder.bytes).toBeLessThan(2 * 1024 * 1024);
    await recorder.end('asked', 1, router);
    expect(read(recorder.path).end?.reason).toBe('behind');
  });
});
