/** Real files in a folder of the test; the clock is a fake one, so that only inotify can have told what is seen without it. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Journal } from '../../src/agent/journal.ts';
import { TrackedFiles } from '../../src/agent/tracked-files.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';

let folder: string;
let clock: FakeClock;
let files: TrackedFiles;
let lines: string[];
let onChange: ReturnType<typeof vi.fn<() => void>>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracked-'));
  clock = new FakeClock();
  lines = [];
  onChange = vi.fn<() => void>();
  const journal = new Journal(
    (line) => lines.push(line),
    () => 0,
  );
  files = new TrackedFiles({ clock, journal, onChange });
});
afterEach(() => {
  files.stop();
  rmSync(folder, { recursive: true, force: true });
});

const becomes = (path: string, state: string): Promise<void> =>
  vi.waitFor(() => expect(files.states()[path]).toBe(state), { timeout: 5_000 });
/** What it sees only when it looks by itself. */
async function becomesLater(path: string, state: string): Promise<void> {
  clock.advance(5_000);
  await becomes(path, state);
}

describe('a tracked file', () => {
  it('is down while it exists, and the kernel tells', async () => {
    const hold = join(folder, 'hold');
    files.configure([hold]);
    expect(files.states()).toEqual({ [hold]: 'unknown' });
    await becomes(hold, 'up');
    writeFileSync(hold, '');
    await becomes(hold, 'down');
    renameSync(hold, `${hold}.off`);
    await becomes(hold, 'up');
    renameSync(`${hold}.off`, hold);
    await becomes(hold, 'down');
    rmSync(hold);
    await becomes(hold, 'up');
    expect(onChange).toHaveBeenCalledTimes(5);
    expect(lines).toEqual(
      ['<4>', '<5>', '<4>', '<5>'].map(
        (level, index) => `${level}file ${hold} ${index % 2 === 0 ? 'exists' : 'is gone'} kind=tracker file=${hold}\n`,
      ),
    );
  });

  it('that exists already is told at once', async () => {
    const hold = join(folder, 'hold');
    writeFileSync(hold, '');
    files.configure([hold]);
    await becomes(hold, 'down');
    expect(lines).toEqual([`<4>file ${hold} exists kind=tracker file=${hold}\n`]);
  });

  it('is found in a folder that comes later, goes, and comes again as another', async () => {
    const inside = join(folder, 'later');
    const hold = join(inside, 'hold');
    files.configure([hold]);
    await becomes(hold, 'up');
    for (let round = 0; round < 2; round++) {
      mkdirSync(inside);
      writeFileSync(hold, '');
      await becomesLater(hold, 'down');
      rmSync(hold);
      await becomes(hold, 'up');
      rmSync(inside, { recursive: true });
      await becomesLater(hold, 'up');
    }
  });

  it('may be a link whose target comes and goes', async () => {
    const [hold, target] = [join(folder, 'hold'), join(folder, 'target', 'x')];
    symlinkSync(target, hold);
    files.configure([hold]);
    await becomes(hold, 'up');
    mkdirSync(join(folder, 'target'));
    writeFileSync(target, '');
    await becomesLater(hold, 'down');
  });

  it('that cannot be looked at stays what it was, told once', async () => {
    const hold = join(folder, 'x'.repeat(300));
    files.configure([hold]);
    await vi.waitFor(() => expect(files.problems()[hold]).toMatch(/ENAMETOOLONG/));
    await becomesLater(hold, 'unknown');
    expect(lines.filter((line) => line.includes('cannot be looked at'))).toHaveLength(1);
    expect(onChange).not.toHaveBeenCalled();
  });

  it('is forgotten when it is no longer tracked; what stays goes on', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    files.configure([one, two]);
    await becomes(two, 'up');
    files.configure([two]);
    expect(files.states()).toEqual({ [two]: 'up' });
    writeFileSync(one, '');
    writeFileSync(two, '');
    await becomes(two, 'down');
    expect(lines.join('')).not.toContain(one);
    files.stop();
    expect(files.states()).toEqual({});
    expect(clock.nextAtMs()).toBeUndefined();
  });

  it('does not mind what else happens in its folder', async () => {
    const hold = join(folder, 'hold');
    files.configure([hold]);
    await becomes(hold, 'up');
    for (let count = 0; count < 1_000; count++) writeFileSync(join(folder, `other${count % 10}`), 'x');
    writeFileSync(hold, '');
    chmodSync(hold, 0o600);
    await becomes(hold, 'down');
    expect(onChange).toHaveBeenCalledTimes(2);
  });
});
