/** The order, the bounds and the memory of notify commands, with commands that end when the test says so. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../src/agent/journal.ts';
import type { Move } from '../../../src/agent/notify/moves.ts';
import { Notifier } from '../../../src/agent/notify/notifier.ts';
import { type Subject, subjectsOf, type Told } from '../../../src/agent/notify/subject.ts';
import type { Ended, Program } from '../../../src/agent/script-run.ts';
import { ToldStore } from '../../../src/agent/told-store.ts';
import type { NotifyConfig } from '../../../src/config/instance.ts';
import { FakeClock } from '../../../src/kernel/fake-clock.ts';
import { configuration, instance } from '../../vrrp/configuration.ts';

interface Running {
  readonly words: string;
  readonly end: (ended?: Partial<Ended>) => void;
}

const NOTIFY: NotifyConfig = {
  master: ['/m'],
  backup: ['/b'],
  fault: ['/f'],
  stop: ['/s'],
  any: null,
  user: 'lvs-script',
};

let folder: string;
let clock: FakeClock;
let lines: string[];
let begun: string[];
let running: Running[];
let subject: Subject;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notifier-'));
  clock = new FakeClock();
  [lines, begun, running] = [[], [], []];
  subject = subjectOf(NOTIFY);
});
afterEach(() => rmSync(folder, { recursive: true }));

function subjectOf(notify: NotifyConfig): Subject {
  return subjectsOf(configuration([instance({ notify })]), 'a')[0]!;
}

/** As after a start of the agent; commands of a former one are gone. */
function started(): Notifier {
  running = [];
  const journal = new Journal(
    (line) => lines.push(line),
    () => 0,
  );
  const run = ({ run: argv }: Program, signal: AbortSignal): Promise<Ended> => {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const words = argv.join(' ');
    begun.push(words);
    const end = (ended: Partial<Ended> = {}): void => {
      running = running.filter((one) => one.end !== end);
      resolve({ problem: undefined, exitCode: 0, output: '', ...ended });
    };
    running.push({ words, end });
    signal.addEventListener('abort', () => end({ problem: 'was stopped' }));
    return promise;
  };
  const told = new ToldStore(join(folder, 'notified.json'), journal);
  const notifier = new Notifier({ clock, journal, run, told });
  notifier.configure({ cluster: 'c', director: 'a' }, [subject]);
  return notifier;
}

const move = (to: Told, seen: Move['seen'] = 'transition', of = subject): Move => ({
  subject: of,
  to,
  cause: 'test',
  priority: 100,
  at: 0,
  seen,
});
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Ends what runs, and what comes after it, until nothing does. */
async function finish(): Promise<void> {
  for (await turn(); running.length > 0; await turn()) running[0]?.end();
}
const kept = () => JSON.parse(readFileSync(join(folder, 'notified.json'), 'utf8'))['INSTANCE public'];

describe('commands', () => {
  it('run one after the other, in the order of the moves', async () => {
    const notifier = started();
    for (const to of ['BACKUP', 'MASTER', 'FAULT'] as const) notifier.take(move(to));
    await turn();
    expect(running.map(({ words }) => words)).toEqual(['/b']);
    running[0]?.end();
    await turn();
    expect(running.map(({ words }) => words)).toEqual(['/m']);
    await finish();
    expect(begun).toEqual(['/b', '/m', '/f']);
  });

  it('of different instances do not wait for each other', async () => {
    const notifier = started();
    const other = { ...subject, name: 'other' };
    notifier.configure({ cluster: 'c', director: 'a' }, [subject, other]);
    notifier.take(move('MASTER'));
    notifier.take(move('BACKUP', 'transition', other));
    await turn();
    expect(running.map(({ words }) => words)).toEqual(['/m', '/b']);
  });

  it('run once for a state that is told twice', async () => {
    const notifier = started();
    notifier.take(move('MASTER'));
    notifier.take(move('MASTER', 'found'));
    await finish();
    notifier.take(move('MASTER', 'found'));
    await finish();
    expect(begun).toEqual(['/m']);
  });

  it('that fail are told with the end of what they wrote, and do not keep the next from running', async () => {
    const notifier = started();
    notifier.take(move('BACKUP'));
    notifier.take(move('MASTER'));
    await turn();
    running[0]?.end({ problem: '/b ended with 3: no route' });
    await turn();
    running[0]?.end({ output: `${'x\n'.repeat(100)}announced\n` });
    await finish();
    expect(lines[0]).toMatch(/^<4>notify backup of public \(BACKUP\) failed: \/b ended with 3: no route /);
    expect(lines[1]).toMatch(
      /^<6>notify master of public \(MASTER\) is done: x \| x \| x \| x \| announced kind=notify/,
    );
  });

  it('of the configuration in force are run, also for a move that came before it', async () => {
    const notifier = started();
    notifier.take(move('BACKUP'));
    notifier.take(move('MASTER'));
    notifier.configure({ cluster: 'c', director: 'a' }, [subjectOf({ ...NOTIFY, master: ['/other'] })]);
    await finish();
    expect(begun).toEqual(['/b', '/other']);
  });

  it('are passed over when an instance flaps faster than they run, and the journal says so', async () => {
    const notifier = started();
    for (let index = 0; index < 51; index++) notifier.take(move(index % 2 === 0 ? 'MASTER' : 'BACKUP'));
    await finish();
    expect(begun.length).toBeLessThan(12);
    expect(begun[0]).toBe('/m');
    expect(begun.at(-1)).toBe('/m');
    expect(lines.find((line) => line.includes('passes over'))).toMatch(
      /^<4>public changes faster than its commands run: notify passes over BACKUP, MASTER, /,
    );
  });
});

describe('a restart', () => {
  it('runs nothing for what was told to its end', async () => {
    const first = started();
    first.take(move('MASTER'));
    await finish();
    await first.stop(false, 0);
    expect(kept()).toEqual({ state: 'MASTER', left: [] });
    const second = started();
    second.take(move('MASTER', 'found'));
    await finish();
    expect(begun).toEqual(['/m']);
  });

  it('tells what came about meanwhile, and says that it does', async () => {
    const first = started();
    first.take(move('MASTER'));
    await finish();
    await first.stop(false, 0);
    started().take(move('FAULT', 'found'));
    await finish();
    expect(begun).toEqual(['/m', '/f']);
    expect(lines.at(-2)).toMatch(
      /^<5>public is FAULT, and was MASTER when notify told of it last; what came in between/,
    );
  });

  it('lets what runs come to its end, and leaves what waits to the next process', async () => {
    const first = started();
    first.take(move('BACKUP'));
    first.take(move('MASTER'));
    await turn();
    const stopped = first.stop(false, 0);
    running[0]?.end();
    await stopped;
    expect(begun).toEqual(['/b']);
    expect(lines.some((line) => line.includes('left to the next process'))).toBe(true);
    started().take(move('MASTER', 'found'));
    await finish();
    expect(begun).toEqual(['/b', '/m']);
  });

  it.each<[string, (notifier: Notifier) => Promise<unknown>]>([
    ['that cannot wait', (notifier) => Promise.all([notifier.stop(false, 0), turn().then(() => clock.advance(5_000))])],
    ['after a crash', () => turn()],
  ])('%s runs again what was under way, and not what was done', async (_how, end) => {
    subject = subjectOf({ ...NOTIFY, any: ['/any'] });
    const first = started();
    first.take(move('MASTER'));
    await turn();
    running[0]?.end();
    await turn();
    expect(running.map(({ words }) => words)).toEqual(['/any INSTANCE public MASTER 100']);
    await end(first);
    expect(kept()).toEqual({ state: 'MASTER', left: ['any'] });
    begun = [];
    started().take(move('MASTER', 'found'));
    await finish();
    expect(begun).toEqual(['/any INSTANCE public MASTER 100']);
    expect(lines.some((line) => line.includes('the agent ended before any was done'))).toBe(true);
    expect(kept()).toEqual({ state: 'MASTER', left: [] });
  });

  it('after a crash runs what the state is now when that is another one', async () => {
    started().take(move('FAULT'));
    await turn();
    started().take(move('MASTER', 'found'));
    await finish();
    expect(begun).toEqual(['/f', '/m']);
  });

  it('with a damaged memory tells how things are, and that it has none', async () => {
    writeFileSync(join(folder, 'notified.json'), '{"INSTANCE public": {"state": "KING"}}');
    started().take(move('MASTER', 'found'));
    await finish();
    expect(begun).toEqual(['/m']);
    expect(lines[0]).toMatch(/^<3>.*notified\.json is not readable/);
  });
});

describe('a stop for good', () => {
  it('runs stop after what runs, and passes over what waits', async () => {
    const notifier = started();
    for (const to of ['BACKUP', 'MASTER', 'FAULT'] as const) notifier.take(move(to));
    await turn();
    const stopped = notifier.stop(true, 0);
    await finish();
    await stopped;
    expect(begun).toEqual(['/b', '/s']);
    expect(kept()).toEqual({ state: 'STOP', left: [] });
  });

  it('does not wait for ever: what runs has 5 s, stop the rest of 14', async () => {
    const notifier = started();
    notifier.take(move('MASTER'));
    await turn();
    const stopped = notifier.stop(true, 0);
    clock.advance(5_000);
    await turn();
    expect(running.map(({ words }) => words)).toEqual(['/s']);
    clock.advance(8_999);
    await turn();
    expect(running).toHaveLength(1);
    clock.advance(1);
    await stopped;
    expect(kept()).toEqual({ state: 'STOP', left: ['stop'] });
  });

  it('runs stop once, also when the VRRP process has told of its end, and nothing afterwards', async () => {
    const notifier = started();
    notifier.take(move('MASTER'));
    notifier.take(move('STOP'));
    const stopped = notifier.stop(true, 0);
    notifier.take(move('BACKUP'));
    await finish();
    await stopped;
    expect(begun).toEqual(['/m', '/s']);
  });

  it('runs nothing for an instance that nobody has heard of', async () => {
    await started().stop(true, 0);
    expect(begun).toEqual([]);
  });

  it('forgets an instance that has left the configuration once it was told', async () => {
    const notifier = started();
    notifier.take(move('MASTER'));
    await finish();
    notifier.configure({ cluster: 'c', director: 'a' }, []);
    notifier.take(move('STOP'));
    await finish();
    expect(begun).toEqual(['/m', '/s']);
    expect(kept()).toBeUndefined();
  });
});
