import { expect, it, vi } from 'vitest';
import { Journal } from '../../src/agent/journal.ts';
import { type RunScript, TrackedScripts } from '../../src/agent/tracked-scripts.ts';
import type { TrackScriptConfig } from '../../src/config/instance.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';

const script = (more: Partial<TrackScriptConfig> = {}): TrackScriptConfig => ({
  name: 'nginx',
  run: ['/usr/bin/pgrep', 'nginx'],
  intervalMs: 1_000,
  timeoutMs: 500,
  weight: 0,
  reverse: false,
  rise: 2,
  fall: 2,
  user: 'lvs-script',
  start: 'unknown',
  ...more,
});

function watching() {
  const clock = new FakeClock();
  const runs: { readonly name: string; readonly signal: AbortSignal; end: (problem?: string) => Promise<void> }[] = [];
  const run: RunScript = ({ run: argv }, signal) =>
    new Promise((resolve) => {
      const end = async (problem?: string): Promise<void> => {
        resolve(problem);
        await new Promise(setImmediate);
      };
      runs.push({ name: argv[0] ?? '', signal, end });
    });
  const onChange = vi.fn();
  const lines: string[] = [];
  const journal = new Journal(
    (line) => lines.push(line),
    () => 0,
  );
  return { clock, runs, lines, onChange, scripts: new TrackedScripts({ clock, journal, run, onChange }) };
}

it('runs at once, then at its interval, never two at a time', async () => {
  const { clock, runs, scripts } = watching();
  scripts.configure([script()]);
  expect(runs).toHaveLength(1);
  clock.advance(5_000);
  expect(runs).toHaveLength(1);
  await runs[0]!.end();
  clock.advance(0);
  expect(runs).toHaveLength(2);
  await runs[1]!.end();
  clock.advance(999);
  expect(runs).toHaveLength(2);
  clock.advance(1);
  expect(runs).toHaveLength(3);
});

it('tells each change once, with its cause', async () => {
  const { clock, runs, scripts, onChange, lines } = watching();
  scripts.configure([script()]);
  for (const problem of [undefined, undefined, 'ended with 1', 'ended with 1', 'ended with 1']) {
    await runs.at(-1)!.end(problem);
    clock.advance(1_000);
  }
  expect(onChange).toHaveBeenCalledTimes(2);
  expect(scripts.states()).toEqual({ nginx: 'down' });
  expect(lines).toEqual([
    '<5>script nginx is up kind=tracker script=nginx\n',
    '<4>script nginx is down: ended with 1 kind=tracker script=nginx\n',
  ]);
});

it('goes on with what stays, ends what goes, and starts anew what has changed', async () => {
  const { clock, runs, scripts } = watching();
  scripts.configure([script(), script({ name: 'other' })]);
  await runs[0]!.end();
  scripts.configure([script()]);
  expect(runs[1]!.signal.aborted).toBe(true);
  expect(scripts.states()).toEqual({ nginx: 'up' });
  await runs[1]!.end('was stopped');
  clock.advance(1_000);
  expect(runs).toHaveLength(3);
  scripts.configure([script({ intervalMs: 2_000 })]);
  expect(runs[2]!.signal.aborted).toBe(true);
  expect(runs).toHaveLength(4);
  expect(scripts.states()).toEqual({ nginx: 'up' });
  scripts.configure([script({ run: ['/usr/bin/pgrep', 'httpd'], start: 'down' })]);
  expect(runs[3]!.signal.aborted).toBe(true);
  expect(runs).toHaveLength(5);
  expect(scripts.states()).toEqual({ nginx: 'unknown' });
  scripts.stop();
  expect(runs[4]!.signal.aborted).toBe(true);
});

it.each<[TrackScriptConfig['start'], string, string]>([
  ['unknown', '-', 'd'],
  ['up', '---', '?dd'],
  ['up', '-+-', '?uu'],
  ['down', '-+', 'dd'],
  ['down', '+-+', '?dd'],
])('that starts %s says nothing until the runs %s have settled it: %s', async (start, results, expected) => {
  const { clock, runs, scripts } = watching();
  scripts.configure([script({ start, rise: 3 })]);
  expect(scripts.states()).toEqual({ nginx: 'unknown' });
  let seen = '';
  for (const result of results) {
    await runs.at(-1)!.end(result === '+' ? undefined : 'ended with 1');
    clock.advance(1_000);
    const { nginx } = scripts.states();
    seen += nginx === 'unknown' ? '?' : nginx?.[0];
  }
  expect(seen).toBe(expected);
});

it('tells at the first result why one fails that starts down, and knows it as long as it does', async () => {
  const { clock, runs, scripts, lines } = watching();
  scripts.configure([script({ start: 'down', rise: 1 })]);
  await runs[0]!.end('x is not run as root: others than root can change /tmp');
  expect(lines).toEqual([
    '<4>script nginx is down: x is not run as root: others than root can change /tmp kind=tracker script=nginx\n',
  ]);
  expect(scripts.problems()).toEqual({ nginx: 'x is not run as root: others than root can change /tmp' });
  clock.advance(1_000);
  await runs[1]!.end();
  expect(scripts.problems()).toEqual({ nginx: null });
});
