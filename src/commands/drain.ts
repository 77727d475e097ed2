/** `lvsctl drain`: weight 0 at every director, kept until it is taken back, and the countdown to the last connection. */
import { Command } from 'commander';
import { parseDuration } from '../config/duration.ts';
import { exitCodeOf, type Outcome } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type Output } from '../output/output.ts';
import { createProgress } from '../output/progress.ts';
import { type Drained, type DrainResult, drain } from '../playbook/drain.ts';
import { cautionsOf, objectionsAt, ordersFor, persistentIn, timeoutOf } from '../playbook/drain-plan.ts';
import type { ClusterOptions } from './cluster.ts';
import { type DirectorsAsked, operator, withDirectors } from './directors-asked.ts';
import { drainDocument, tellDrained, tellFailures } from './drain-text.ts';
import { interruptible } from './interrupt.ts';

interface DrainCommandOptions extends ClusterOptions {
  readonly service?: string[];
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly reason?: string;
  readonly for?: string;
  readonly force?: boolean;
}

const EXAMPLES = `
RS is a realserver, a group, or a pattern such as 'web*'. Every director gives it weight 0 at once and keeps that when its
agent restarts, when it reboots and when roles move; a director that is away learns it from the others when it comes back.
What is connected stays connected and nothing new arrives, not even from source ports that a client uses again. Persistent
clients move to others at their next connection, or are waited for (drain.persistent: wait).

With --wait, a realserver is empty when no director has an entry of it any more, in whatever state: a connection that has
ended is remembered for two minutes (FIN_WAIT), in which its client may use the port again. When the time is over, or at
^C, the realserver stays drained, and drain --wait goes on where it was.

Refused, unless --force: where a service's quorum would be lost, on dh, and on sh or mh without fallback, which would refuse
clients. No lock is taken, so that it works while an apply is running or has died.

Examples:
  lvsctl drain web1 --wait --reason 'new kernel'   until its last connection has ended
  lvsctl drain web1 --service http                 out of one service only
  lvsctl drain web1 web2 --for 2h                  ends by itself
  lvsctl drain 'rack2-*' --wait --timeout 30m      (default: drain.timeout of the services, the longest)
  lvsctl undrain web1                              its weight back

Exit codes: 0 drained, with --wait also empty; 3 refused, or not empty in time, or taken back meanwhile; 4 a director is
unreachable, the others drain; 2 a director did not do it; 5 unknown names; 7 host key or authentication refused; 130
interrupted while waiting.`;

export function drainCommand(): Command {
  return new Command('drain')
    .description('Takes realservers out: weight 0 at every director, until undrain; with --wait until they are empty.')
    .argument('<rs...>', 'realservers, groups, or patterns')
    .option('--service <name>', 'only in this service (may be repeated)', collected)
    .option('--wait', 'until no connection is left')
    .option('--timeout <duration>', 'how long to wait, which it implies (default: drain.timeout of the services)')
    .option('--reason <text>', 'shown by status')
    .option('--for <duration>', 'ends by itself after this time')
    .option('--force', 'also where clients would be refused')
    .addHelpText('after', EXAMPLES)
    .action(async (names: string[], _options, command: Command) => {
      process.exitCode = await run(names, command.optsWithGlobals<DrainCommandOptions>());
    });
}

/** For options that may be repeated. */
export function collected(value: string, before: string[] = []): string[] {
  return [...before, value];
}

interface Limits {
  readonly forMs: number | null;
  /** null: the services' own. */
  readonly timeoutMs: number | null;
}

const LONGEST_REASON = 200;

function limitsOf({ timeout, for: period, reason }: DrainCommandOptions): Limits {
  const read = (option: string, written: string | undefined): number | null => {
    if (written === undefined) return null;
    const ms = parseDuration(written);
    if (ms !== undefined && ms > 0) return ms;
    throw new Failure(5, `--${option} ${written}: expected a duration such as 30s, 10m or 2h`);
  };
  if (reason !== undefined && reason.length > LONGEST_REASON)
    throw new Failure(5, `--reason: expected ${LONGEST_REASON} characters at most`);
  return { forMs: read('for', period), timeoutMs: read('timeout', timeout) };
}

async function run(names: readonly string[], options: DrainCommandOptions): Promise<number> {
  const output = createOutput(options);
  const limits = limitsOf(options);
  const broken = new AbortController();
  const request = { verb: 'drain', names, services: options.service ?? null } as const;
  const work = async (asked: DirectorsAsked): Promise<number> => {
    const { config, subjects, states, absent } = asked;
    object(objectionsAt(config, states, subjects), options.force ?? false, output);
    for (const caution of cautionsOf(config, subjects)) output.warn(caution);
    const isWaiting = options.wait === true || limits.timeoutMs !== null;
    const waitMs = isWaiting ? (limits.timeoutMs ?? timeoutOf(config, subjects)) : null;
    const { realservers, failures } = await drained(
      asked,
      { ...limits, reason: options.reason ?? null, waitMs },
      output,
      broken,
    );
    const all = [...absent, ...failures];
    const unasked = all.map(({ host }) => host);
    for (const one of realservers) tellDrained(output, one, waitMs, unasked, whereOf(options));
    tellFailures(output, all, states);
    output.document(drainDocument(config.cluster, states, { realservers, failures: all }));
    return exitCodeOf([...all.map(({ kind }) => kind), ...realservers.map(outcomeOf)]);
  };
  return await withDirectors(options, request, work, broken.signal);
}

function whereOf({ service = [], topology, inventory }: DrainCommandOptions): string[] {
  const given = (option: string, value: string | undefined): string[] => (value === undefined ? [] : [option, value]);
  return [...service.flatMap((name) => ['--service', name]), ...given('-t', topology), ...given('-i', inventory)];
}

function object(objections: readonly string[], isForced: boolean, output: Output): void {
  if (objections.length === 0) return;
  if (!isForced) throw new Failure(3, `nothing is drained: ${objections.join('; ')}`, ['--force drains all the same']);
  for (const objection of objections) output.warn(objection);
}

interface Wanted {
  readonly reason: string | null;
  readonly forMs: number | null;
  readonly waitMs: number | null;
}

async function drained(
  { config, subjects, states, agents }: DirectorsAsked,
  { reason, forMs, waitMs }: Wanted,
  output: Output,
  broken: AbortController,
): Promise<DrainResult> {
  const orders = ordersFor(states, subjects, { reason, forMs });
  const ends = forMs === null ? orders.filter(({ until }) => until !== null) : [];
  for (const { realservers, until } of ends)
    output.warn(`${realservers.join(' and ')} was drained until ${new Date(until ?? 0).toISOString()}, and still is`);
  const progress = createProgress(output);
  const interrupt = interruptible(() => progress.line('stopping; what is drained stays drained'));
  interrupt.signal.addEventListener('abort', () => broken.abort());
  try {
    const result = await drain({
      ...{ subjects, waitMs, directors: agents, owner: operator(), persistent: persistentIn(config) },
      orders,
      doing: output.interactive ? progress.doing : sparsely(progress.doing),
      stopping: interrupt.stopping,
    });
    // That a connection was broken off is no failure of the director's.
    const failures = result.failures.filter(({ knows }) => !knows || !broken.signal.aborted);
    return { ...result, failures };
  } finally {
    progress.end();
    interrupt.end();
  }
}

const SPARSE_MS = 10_000;

/** Where every word is a line of its own: what is new, and that not every second. */
function sparsely(doing: (host: string, what: string) => void): typeof doing {
  const said = new Map<string, { readonly what: string; readonly atMs: number }>();
  return (host, what) => {
    const [last, nowMs] = [said.get(host), performance.now()];
    if (last !== undefined && (last.what === what || nowMs - last.atMs < SPARSE_MS)) return;
    said.set(host, { what, atMs: nowMs });
    doing(host, what);
  };
}

function outcomeOf({ outcome }: Drained): Outcome {
  if (outcome === 'interrupted') return 'interrupted';
  // That nobody can be asked any more is told by the directors' own failures.
  return outcome === 'timeout' || outcome === 'ended' ? 'policy' : 'done';
}
