/**
 * Watches the files that VRRP instances track: each counts as down while it exists. The kernel tells of changes in its folder
 * (inotify(7)); a look every few seconds catches what that cannot tell: a folder that is not there yet or is another one by now, a
 * link whose target comes and goes.
 */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { TrackerState } from '../vrrp/link.ts';
import type { Journal } from './journal.ts';

const LOOK_MS = 5_000;
/** stat(2) of what is not there. */
const ABSENT: readonly string[] = ['ENOENT', 'ENOTDIR'];

export interface TrackedFilesOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly onChange: () => void;
}

interface Watched {
  readonly path: string;
  state: TrackerState;
  /** Why it cannot be looked at, or null. */
  problem: string | null;
  watcher: FSWatcher | undefined;
  /** Which folder is watched: device, inode, and when it was made. */
  folder: string | undefined;
  isLooking: boolean;
  /** Something happened during a look. */
  isStale: boolean;
}

export class TrackedFiles {
  readonly #options: TrackedFilesOptions;
  readonly #watched = new Map<string, Watched>();
  #cancelTimer: () => void = () => {};

  constructor(options: TrackedFilesOptions) {
    this.#options = options;
  }

  /** Takes another set of paths; those that stay go on. */
  configure(paths: readonly string[]): void {
    for (const [path, watched] of this.#watched) if (!paths.includes(path)) this.#drop(watched);
    for (const path of paths) {
      if (this.#watched.has(path)) continue;
      const watched: Watched = {
        path,
        state: 'unknown',
        problem: null,
        watcher: undefined,
        folder: undefined,
        isLooking: false,
        isStale: false,
      };
      this.#watched.set(path, watched);
      void this.#look(watched);
    }
    this.#arm();
  }

  states(): Record<string, TrackerState> {
    return Object.fromEntries([...this.#watched].map(([path, { state }]) => [path, state]));
  }

  problems(): Record<string, string | null> {
    return Object.fromEntries([...this.#watched].map(([path, { problem }]) => [path, problem]));
  }

  stop(): void {
    this.#cancelTimer();
    for (const watched of this.#watched.values()) this.#drop(watched);
  }

  #drop(watched: Watched): void {
    this.#watched.delete(watched.path);
    watched.watcher?.close();
    watched.watcher = undefined;
  }

  #arm(): void {
    this.#cancelTimer();
    if (this.#watched.size === 0) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.setTimer(clock.now() + LOOK_MS, () => {
      for (const watched of this.#watched.values()) void this.#look(watched);
      this.#arm();
    });
  }

  /** One look at a time: a file system that does not answer gathers no queue. */
  async #look(watched: Watched): Promise<void> {
    watched.isStale = true;
    if (watched.isLooking) return;
    watched.isLooking = true;
    while (watched.isStale && this.#watched.get(watched.path) === watched) {
      watched.isStale = false;
      // Watched first: what happens between the two is then told.
      await this.#follow(watched);
      const found = await existence(watched.path);
      if (this.#watched.get(watched.path) !== watched) break;
      this.#settle(watched, found);
    }
    watched.isLooking = false;
  }

  /** Watches the folder as it is now, if it is there. */
  async #follow(watched: Watched): Promise<void> {
    const path = dirname(watched.path);
    const found = await stat(path).catch(() => undefined);
    const folder = found === undefined ? undefined : `${found.dev}:${found.ino}:${found.birthtimeMs}`;
    if (folder === watched.folder || this.#watched.get(watched.path) !== watched) return;
    watched.watcher?.close();
    watched.watcher = undefined;
    watched.folder = folder;
    if (folder === undefined) return;
    try {
      const name = basename(watched.path);
      watched.watcher = watch(path, { persistent: false }, (_event, changed) => {
        // The folder itself is gone: a new one may well get its number.
        if (changed === basename(path)) this.#unfollow(watched);
        if (changed === name || changed === basename(path)) void this.#look(watched);
      });
      watched.watcher.on('error', () => this.#unfollow(watched));
    } catch (error) {
      const { message } = error as Error;
      const said = `${path} cannot be watched: ${message}; it is looked at every ${LOOK_MS / 1000} s`;
      this.#options.journal.note('warning', 'tracker', said, { file: watched.path });
    }
  }

  /** To be watched anew at the next look. */
  #unfollow(watched: Watched): void {
    watched.watcher?.close();
    watched.watcher = undefined;
    watched.folder = undefined;
  }

  #settle(watched: Watched, found: Found): void {
    const { journal, onChange } = this.#options;
    const { path, state: before } = watched;
    if (found.problem !== null && found.problem !== watched.problem)
      journal.note('warning', 'tracker', `file ${path} cannot be looked at: ${found.problem}`, { file: path });
    watched.problem = found.problem;
    // What cannot be looked at stays what it was.
    if (found.state === null || found.state === before) return;
    watched.state = found.state;
    if (found.state === 'down') journal.note('warning', 'tracker', `file ${path} exists`, { file: path });
    else if (before === 'down') journal.note('notice', 'tracker', `file ${path} is gone`, { file: path });
    onChange();
  }
}

interface Found {
  readonly state: 'up' | 'down' | null;
  readonly problem: string | null;
}

async function existence(path: string): Promise<Found> {
  try {
    await stat(path);
    return { state: 'down', problem: null };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return ABSENT.includes(code) ? { state: 'up', problem: null } : { state: null, problem: message };
  }
}
