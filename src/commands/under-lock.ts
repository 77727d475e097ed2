/** Work on hosts that others must not touch meanwhile: the cluster's lock, progress, and what ^C means. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { Failure } from '../output/failure.ts';
import type { Output } from '../output/output.ts';
import { createProgress } from '../output/progress.ts';
import type { Reading } from '../playbook/cluster.ts';
import { LockHeldError, takeLock } from '../playbook/lock.ts';
import type { Shared } from '../playbook/plan.ts';
import type { HostRun, Run, RunEvent } from '../playbook/run.ts';
import { reread } from './cluster.ts';
import { interruptible } from './interrupt.ts';

export interface Locked {
  /** What for, as another run is told that waits for the lock. */
  readonly why: string;
  readonly readings: readonly Reading[];
  readonly shared: Shared;
  /** Directors that are not part of the work. */
  readonly absent: readonly string[];
}

/** Locks all directors that are there, and reads again what is part of the work before it begins. */
export async function underLock<Result>(
  { why, readings, shared, absent }: Locked,
  output: Output,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const present = readings.flatMap((reading) => ('connection' in reading ? [reading] : []));
  const directors = present.filter(({ target }) => target.wanted.director !== null).map(({ connection }) => connection);
  const progress = createProgress(output);
  const interrupt = interruptible(() => progress.line('stopping after the current host; ^C again gives up at once'));
  const holder = { token: randomUUID(), who: `${userInfo().username}@${hostname()}`, since: new Date().toISOString() };
  const lock = await takeLock(
    directors,
    { ...holder, why },
    { signal: interrupt.signal, onWait: (host, reason) => progress.doing(host, reason) },
  ).catch(locked);
  try {
    const included = present.filter(({ target }) => !absent.includes(target.wanted.host));
    return await work({
      shared,
      hosts: (await reread(included, shared)).map(hostRun),
      absent,
      emit: (event) => tell(event, progress, output),
      signal: interrupt.signal,
      stopping: interrupt.stopping,
    });
  } finally {
    progress.end();
    interrupt.end();
    await lock.release();
  }
}

function locked(error: unknown): never {
  if (error instanceof LockHeldError) throw new Failure(6, error.message, error.hints, { cause: error });
  throw error;
}

function hostRun({ target, connection, facts }: Extract<Reading, { facts: unknown }>): HostRun {
  return { target, connection, facts, ok: 1, changed: 0, failure: null, told: '' };
}

function tell(event: RunEvent, progress: ReturnType<typeof createProgress>, output: Output): void {
  if (event.type === 'stage') output.detail(`stage: ${event.name}`);
  if (event.type === 'doing') progress.doing(event.host, event.what);
  if (event.type === 'failed')
    progress.done(event.host, [withoutName(event.host, event.message), ...event.hints].join('; '), 'bad');
  if (event.type === 'changed') {
    const count = event.changes.length;
    progress.done(
      event.host,
      count === 0 ? event.what : `${event.what}: ${count} change${count === 1 ? '' : 's'}`,
      'changed',
    );
  }
}

/** The progress line begins with the host. */
function withoutName(host: string, message: string): string {
  if (message.startsWith(`${host}: `)) return message.slice(host.length + 2);
  return message.startsWith(`${host} (`) ? message.slice(host.length + 2).replace('):', ':') : message;
}
