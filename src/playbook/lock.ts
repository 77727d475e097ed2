/**
 * The cluster lock: a folder on each director, made in the order of their names, so that two applies cannot wait for each
 * other. It belongs to the shell that took it (its process id and start time are written down), and lies in /run: when the
 * run, the connection or the host dies, the shell does too, and the next run takes the lock over. It waits a while for that:
 * a run that was just killed, or whose connection was just cut, may still be ending on the host.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { causeIn, remedyFor } from '../shell/cause.ts';
import type { Connection } from '../ssh/connection.ts';
import { HostError } from './failure.ts';
import { freeText, takeText } from './lock-script.ts';

const FOLDER = '/run/lvsctl.lock';
const WAIT_MS = 20_000;
const POLL_MS = 1_000;

export interface Holder {
  /** Tells one run's lock from another's. */
  readonly token: string;
  /** user@machine. */
  readonly who: string;
  /** ISO 8601. */
  readonly since: string;
  readonly why: string;
}

export class LockHeldError extends Error {
  readonly hints: readonly string[];

  constructor(host: string, { who, since, why }: Partial<Holder>) {
    super(
      `${host}: the cluster is locked by ${who ?? 'somebody'} since ${since ?? 'an unknown time'} (${why ?? 'no reason given'})`,
    );
    this.name = 'LockHeldError';
    this.hints = [`Wait for it to end; if that run is dead, remove ${FOLDER} on the directors.`];
  }
}

export interface Lock {
  /** Frees what was taken; a host that is gone keeps its own until it is rebooted. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** How long another run may take to let go. @default 20000 */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  /** Called once for each director whose lock is waited for, with one clause. */
  readonly onWait?: (host: string, why: string) => void;
}

/**
 * Takes the lock on every director, one after another.
 * @throws LockHeldError, HostError, ConnectionFailure, after freeing what was taken.
 */
export async function takeLock(
  directors: readonly Connection[],
  holder: Holder,
  options: LockOptions = {},
): Promise<Lock> {
  const ordered = [...directors].sort((a, b) => (a.host.name < b.host.name ? -1 : 1));
  const taken: Connection[] = [];
  const release = async () => {
    await Promise.all(taken.map((connection) => free(connection, holder.token)));
  };
  try {
    for (const connection of ordered) {
      await take(connection, holder, options);
      taken.push(connection);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function take(connection: Connection, holder: Holder, options: LockOptions): Promise<void> {
  const { waitMs = WAIT_MS, signal, onWait } = options;
  const host = connection.host.name;
  const until = Date.now() + waitMs;
  for (let first = true; ; first = false) {
    const other = await tryToTake(connection, holder, signal);
    if (other === null) return;
    if (Date.now() > until || signal?.aborted) throw new LockHeldError(host, other);
    if (first) onWait?.(host, `waits for the lock of ${other.who ?? 'somebody'} (${other.why ?? 'no reason given'})`);
    await pause(POLL_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

/** Null: taken; else who has it. */
async function tryToTake(
  connection: Connection,
  holder: Holder,
  signal: AbortSignal | undefined,
): Promise<Partial<Holder> | null> {
  const line = JSON.stringify(holder).replaceAll("'", '’');
  const steps = [{ name: 'lock', text: takeText(FOLDER, line) }];
  const result = await connection.runScript(steps, signal ? { signal } : {});
  if (result.failed) {
    const cause = causeIn(result.failed.stderr);
    throw new HostError(connection.host.name, `the lock ${FOLDER} cannot be made: ${cause}`, [
      remedyFor(cause) ?? 'Mend that there and apply again.',
    ]);
  }
  const [word, found = ''] = (result.steps[0]?.stdout ?? '').split('\n');
  return word === 'held' ? holderOf(found) : null;
}

async function free(connection: Connection, token: string): Promise<void> {
  const text = freeText(FOLDER, token);
  await connection.runScript([{ name: 'unlock', text }], { timeoutMs: 10_000 }).catch(() => undefined);
}

function holderOf(line: string): Partial<Holder> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
