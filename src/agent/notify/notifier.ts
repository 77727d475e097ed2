/**
 * Runs the commands of `notify`: those of one instance or sync group one after the other, in the order of its moves, none twice.
 * What was told last is on disk, so that a process that starts tells what came about while no supervisor ran, and only that.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Journal } from '../journal.ts';
import type { Ended, RunProgram } from '../script-run.ts';
import type { LastTold, ToldStore } from '../told-store.ts';
import { commandsFor, isOfService, type NotifyCommand, type Where } from './command.ts';
import { type AnyMove, collapsed, queued } from './queue.ts';
import type { ServiceSubject } from './service-subject.ts';
import { type Subject, subjectKey, type Told } from './subject.ts';

/** What runs when the agent ends may go on for so long; the unit gives the agent 20 s (TimeoutStopSec). */
const RUNNING_MS = 5_000;
/** And the `stop` commands until then. */
const STOP_MS = 14_000;
/** Of what a command has written, what a journal line can take. */
const [SHOWN_LINES, SHOWN_CHARACTERS] = [5, 400];

export interface NotifierOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly run: RunProgram;
  readonly told: ToldStore;
}

interface Lane {
  readonly key: string;
  waiting: readonly AnyMove[];
  running: AnyMove | null;
  aborter: AbortController;
  work: Promise<void> | null;
}

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #lanes = new Map<string, Lane>();
  #subjects: ReadonlyMap<string, Subject | ServiceSubject> = new Map();
  #where: Where = { cluster: '', director: '' };
  #isResting = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  configure(where: Where, subjects: readonly (Subject | ServiceSubject)[]): void {
    this.#where = where;
    this.#subjects = new Map(subjects.map((subject) => [subjectKey(subject), subject]));
  }

  take(move: AnyMove): void {
    const lane = this.#laneOf(subjectKey(move.subject));
    const tail = lane.waiting.at(-1)?.to ?? this.#lastOf(lane);
    if (this.#isResting || tail === move.to) return;
    const last = this.#options.told.last(lane.key);
    // A virtual router that nobody has heard of need not be said to have stopped.
    if (tail === undefined && last === undefined && move.to === 'STOP') return;
    if (move.seen === 'found' && last !== undefined && hasCommands(move.subject)) this.#tellMissed(move, last);
    const { waiting, passedOver } = queued(lane.waiting, move, this.#lastOf(lane));
    lane.waiting = waiting;
    if (passedOver.length > 0) this.#tellPassedOver(move.subject, passedOver, 'changes faster than its commands run');
    this.#start(lane);
  }

  /**
   * The agent ends. For good, `stop` is run for everything that has not stopped; else what has not begun is left to the next
   * process, and what runs may end.
   */
  async stop(isForGood: boolean, at: number): Promise<void> {
    const { clock } = this.#options;
    const ending = [...this.#subjects.values()].filter(endsWithAgent);
    if (isForGood) for (const subject of ending) this.#stopOne(subject, at);
    this.#isResting = true;
    if (!isForGood) for (const lane of this.#lanes.values()) this.#leave(lane);
    const abort = (isLate: (move: AnyMove) => boolean) => (): void => {
      for (const { running, aborter } of this.#lanes.values()) if (running !== null && isLate(running)) aborter.abort();
    };
    const timers = [
      clock.setTimer(
        clock.now() + RUNNING_MS,
        abort(({ to }) => !isForGood || to !== 'STOP'),
      ),
      clock.setTimer(
        clock.now() + STOP_MS,
        abort(() => true),
      ),
    ];
    const works = (): Promise<void>[] => [...this.#lanes.values()].flatMap(({ work }) => work ?? []);
    for (let all = works(); all.length > 0; all = works()) await Promise.all(all);
    for (const cancel of timers) cancel();
  }

  #stopOne(subject: Subject | ServiceSubject, at: number): void {
    const lane = this.#laneOf(subjectKey(subject));
    const cause = 'the agent was stopped';
    this.take({ subject, to: 'STOP', cause, priority: 0, at, seen: 'transition' });
    const { waiting, passedOver } = collapsed(lane.waiting, this.#lastOf(lane));
    lane.waiting = waiting;
    if (passedOver.length > 0) this.#tellPassedOver(subject, passedOver, 'is stopped');
  }

  #leave(lane: Lane): void {
    const subject = this.#subjects.get(lane.key);
    const states = lane.waiting.map(({ to }) => to);
    lane.waiting = [];
    if (subject === undefined || states.length === 0) return;
    this.#tellPassedOver(subject, states, 'is left to the next process, which tells what it is then');
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = { key, waiting: [], running: null, aborter: new AbortController(), work: null };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** What is being told, or was told to the end. */
  #lastOf({ key, running }: Lane): Told | undefined {
    if (running !== null) return running.to;
    const last = this.#options.told.last(key);
    return last?.left.length === 0 ? last.state : undefined;
  }

  #start(lane: Lane): void {
    if (lane.work !== null || lane.waiting.length === 0) return;
    lane.work = this.#work(lane).then(() => {
      lane.work = null;
      this.#start(lane);
    });
  }

  async #work(lane: Lane): Promise<void> {
    for (let move = lane.waiting[0]; move !== undefined; move = lane.waiting[0]) {
      lane.waiting = lane.waiting.slice(1);
      lane.running = move;
      await this.#tell(lane, move);
      lane.running = null;
    }
  }

  async #tell(lane: Lane, move: AnyMove): Promise<void> {
    const { told } = this.#options;
    const last = told.last(lane.key);
    const subject = this.#subjects.get(lane.key);
    const all = commandsFor({ ...move, subject: subject ?? move.subject }, last?.state ?? null, this.#where);
    // The former process ended in the middle of this: what it had done is not done again.
    const isLeft = last?.state === move.to && last.left.length > 0 ? last.left : null;
    const commands = isLeft === null ? all : all.filter(({ name }) => isLeft.includes(name));
    const remember = (left: readonly NotifyCommand[]): void =>
      told.set(lane.key, { state: move.to, left: left.map(({ name }) => name) });
    remember(commands);
    lane.aborter = new AbortController();
    for (const [index, command] of commands.entries()) {
      const isWhole = await this.#run(move, command, lane.aborter.signal);
      if (!isWhole) return;
      remember(commands.slice(index + 1));
    }
    if (subject === undefined && move.to === 'STOP') told.set(lane.key, undefined);
  }

  /** @returns whether it came to its end, well or badly */
  async #run({ subject, to }: AnyMove, { name, program }: NotifyCommand, signal: AbortSignal): Promise<boolean> {
    const { clock, journal, run } = this.#options;
    const startedMs = clock.now();
    const ended = await run(program, signal);
    const milliseconds = Math.round(clock.now() - startedMs);
    const what = `notify ${name} of ${subject.name} (${to})`;
    const fields = { subject: subject.name, type: subject.type, state: to, command: name, milliseconds };
    if (signal.aborted) {
      journal.note('warning', 'notify', `${what} did not end in time: the agent ends`, fields);
      return false;
    }
    const outcome = ended.problem === undefined ? 'is done' : `failed: ${ended.problem}`;
    const said = ended.problem === undefined ? wordsOf(ended) : '';
    journal.note(ended.problem === undefined ? 'info' : 'warning', 'notify', `${what} ${outcome}${said}`, fields);
    return true;
  }

  #tellMissed({ subject: { name }, to }: AnyMove, { state, left }: LastTold): void {
    const message =
      state === to
        ? `${name} is ${to}; the agent ended before ${left.join(' and ')} was done, which is run now`
        : `${name} is ${to}, and was ${state} when notify told of it last; what came in between was not seen`;
    this.#options.journal.note('notice', 'notify', message, { subject: name, from: state, state: to });
  }

  #tellPassedOver({ name }: Subject | ServiceSubject, states: readonly Told[], why: string): void {
    const message = `${name} ${why}: notify passes over ${states.join(', ')}`;
    this.#options.journal.note('warning', 'notify', message, { subject: name, states: states.length });
  }
}

function hasCommands(subject: Subject | ServiceSubject): boolean {
  if (isOfService(subject)) return true;
  const { user: _user, ...commands } = subject.notify;
  return Object.values(commands).some((command) => command !== null);
}

/** IPVS goes on without the agent: a service stops only where that is asked for. */
function endsWithAgent(subject: Subject | ServiceSubject): boolean {
  return !isOfService(subject) || subject.commands.stop !== null;
}

function wordsOf({ output }: Ended): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? '' : `: ${lines.slice(-SHOWN_LINES).join(' | ').slice(-SHOWN_CHARACTERS)}`;
}
