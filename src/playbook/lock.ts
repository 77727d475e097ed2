/**
 * The cluster lock: a folder on each director, made in the order of their names, so that two applies cannot wait for each
 * other. It belongs to the shell that took it (its process id and start time are written down), and lies in /run: when the
 * run, the connection or the host dies, the shell does too, and the next run takes the lock over.
 */
import type { Connection } from '../ssh/connection.ts';

const FOLDER = '/run/lvsctl.lock';

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
    this.hints = [`wait for it to end; if that run is dead, remove ${FOLDER} on the directors`];
  }
}

export interface Lock {
  /** Frees what was taken; a host that is gone keeps its own until it is rebooted. */
  release(): Promise<void>;
}

/**
 * Takes the lock on every director, one after another.
 * @throws LockHeldError, after freeing what was taken.
 */
export async function takeLock(directors: readonly Connection[], holder: Holder): Promise<Lock> {
  const ordered = [...directors].sort((a, b) => (a.host.name < b.host.name ? -1 : 1));
  const taken: Connection[] = [];
  const release = async () => {
    await Promise.all(taken.map((connection) => free(connection, holder.token)));
  };
  try {
    for (const connection of ordered) {
      await take(connection, holder);
      taken.push(connection);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function take(connection: Connection, holder: Holder): Promise<void> {
  const line = JSON.stringify(holder).replaceAll("'", '’');
  const text = takeText(line);
  const { steps, failed } = await connection.runScript([{ name: 'lock', text }]);
  const host = connection.host.name;
  if (failed) throw new Error(`${host}: the lock ${FOLDER} could not be made: ${failed.stderr.trim()}`);
  const [word, found = ''] = (steps[0]?.stdout ?? '').split('\n');
  if (word === 'held') throw new LockHeldError(host, holderOf(found));
}

/** Field 22 of /proc/PID/stat is the start time (proc(5)); the name of a shell has no blanks that would shift it. */
function takeText(line: string): string {
  const start = (pid: string, into: string) =>
    `${into}=; [ ! -r "/proc/${pid}/stat" ] || { read -r v <"/proc/${pid}/stat" && set -- $v && ${into}=\${22}; }`;
  return `${start('$$', 'born')}
if [ -r ${FOLDER}/shell ]; then
  read -r pid since <${FOLDER}/shell
  ${start('$pid', 'now')}
  if [ "$now" != "$since" ]; then mv -T ${FOLDER} "${FOLDER}.$$" 2>/dev/null && rm -rf "${FOLDER}.$$"; fi
fi
if mkdir ${FOLDER} 2>/dev/null; then
  printf '%s\\n' '${line}' >${FOLDER}/holder
  printf '%s %s\\n' "$$" "$born" >${FOLDER}/shell
elif [ -d ${FOLDER} ]; then
  echo held
  [ ! -r ${FOLDER}/holder ] || { read -r v <${FOLDER}/holder; printf '%s\\n' "$v"; }
else mkdir ${FOLDER}; fi`;
}

async function free(connection: Connection, token: string): Promise<void> {
  const text = `v=
[ ! -r ${FOLDER}/holder ] || read -r v <${FOLDER}/holder
case $v in *'"token":"${token}"'*) rm -rf ${FOLDER} ;; esac
:`;
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
