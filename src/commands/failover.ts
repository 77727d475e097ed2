/** `lvsctl failover`: a planned hand-over, make before break, and back. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { parseDuration } from '../config/duration.ts';
import { canAsk, confirm } from '../output/ask.ts';
import { exitCodeOf, type Outcome } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type Output } from '../output/output.ts';
import { createProgress } from '../output/progress.ts';
import { directorAgent } from '../playbook/director-agent.ts';
import { type HandOverResult, handOver } from '../playbook/failover.ts';
import { checkRequest, type FailoverPlan, type Move, planFailover, Unmovable } from '../playbook/failover-plan.ts';
import { LockHeldError, takeLock } from '../playbook/lock.ts';
import { closeDirectors, openDirectors, type Watched, watch } from '../playbook/watch.ts';
import { type ClusterOptions, openCluster } from './cluster.ts';
import { failoverDocument, tellMove } from './failover-text.ts';
import { interruptible } from './interrupt.ts';

interface FailoverOptions extends ClusterOptions {
  readonly to?: string;
  readonly back?: boolean;
  readonly wait: boolean;
  readonly timeout: string;
  readonly allowLoss?: string;
  readonly yes?: boolean;
}

const EXAMPLES = `
Members of a sync group move together. In DR and TUN no connection is lost: the director that gives the role away serves
on until its successor advertises, and then gets packets of connections that only it knows from there. In NAT a
connection is lost if the successor does not know it: they are counted before anything is done.

Examples:
  lvsctl failover                       the only role there is, to the next director
  lvsctl failover public --to lb2       one role
  lvsctl failover --to lb2              all roles, as before work on the others
  lvsctl failover --back                each role to the director that the topology prefers
  lvsctl failover --to lb2 --allow-loss 5   in NAT: go on if at most five connections would be lost

Exit codes: 0 done, and the old director can be switched off; 2 it was not taken over, or a director failed; 3 not done
because connections would be lost, or done and not all connections are known to the successor yet; 4 a director was not
reached, 5 bad input, 6 lock held, 7 host key or authentication refused, 130 interrupted.`;

export function failoverCommand(): Command {
  return new Command('failover')
    .description(
      'Hands VRRP roles over to another director, make before break, without losing a connection in DR and TUN.',
    )
    .argument('[instance]', 'the VRRP instance (default: the only one, or all that --to or --back mean)')
    .option('--to <director>', 'who takes it (default: the BACKUP with the highest priority)')
    .option('--back', 'to the preferred director')
    .option('--no-wait', 'do not wait until the successor knows all connections; the agents see to it by themselves')
    .option('--timeout <duration>', 'how long to wait for that', '2m')
    .option('--allow-loss <connections>', 'in NAT: go on when at most so many would be lost')
    .option('--yes', 'in NAT: go on however many would be lost')
    .addHelpText('after', EXAMPLES)
    .action(async (instance: string | undefined, _options, command: Command) => {
      process.exitCode = await failover(instance ?? null, command.optsWithGlobals<FailoverOptions>());
    });
}

interface Done {
  readonly move: Move;
  readonly result: HandOverResult;
}

async function failover(instance: string | null, options: FailoverOptions): Promise<number> {
  const output = createOutput(options);
  const limits = limitsOf(options);
  const { config, targets, connect } = await openCluster(options);
  const request = { instance, to: options.to ?? null, back: options.back ?? false };
  movable(() => checkRequest(config, request));
  const directors = targets.filter(({ wanted }) => wanted.director !== null);
  const watched = await openDirectors(directors, connect);
  try {
    for (const { failure } of watched) if (failure !== null) throw unreachable(failure);
    return await locked(config, watched, output, async (stopping) => {
      const plan = await planned(config, watched, request);
      const done = await moveAll(config, watched, plan, { output, stopping, ...limits });
      for (const note of plan.notes) output.text(note);
      output.document(failoverDocument(config.cluster, plan, done));
      const outcomes = done.map(({ result }) => outcomeOf(result));
      return exitCodeOf(stopping() ? [...outcomes, 'interrupted'] : outcomes);
    });
  } finally {
    await closeDirectors(watched);
  }
}

function unreachable({ kind, message, hints }: NonNullable<Watched['failure']>): Failure {
  const code = kind === 'refused' ? 7 : kind === 'unreachable' ? 4 : 2;
  return new Failure(code, `a failover needs every director: ${message}`, [
    ...hints,
    'on the MASTER itself: lvs-agent ctl failover INSTANCE',
  ]);
}

interface Limits {
  readonly waitMs: number;
  /** null: ask. */
  readonly allowLoss: number | null;
}

function limitsOf({ wait, timeout, allowLoss, yes, to, back }: FailoverOptions): Limits {
  if (to !== undefined && back) throw new Failure(5, '--to and --back are two different wishes', ['say one of them']);
  const waitMs = parseDuration(timeout);
  if (waitMs === undefined) throw new Failure(5, `--timeout ${timeout}: expected a duration such as 30s or 2m`);
  const count = allowLoss === undefined ? null : Number(allowLoss);
  if (allowLoss !== undefined && !/^\d{1,9}$/.test(allowLoss))
    throw new Failure(5, `--allow-loss ${allowLoss}: expected a number of connections`);
  return { waitMs: wait ? waitMs : 0, allowLoss: count ?? (yes ? Number.POSITIVE_INFINITY : null) };
}

async function locked<Result>(
  { cluster }: Config,
  watched: readonly Watched[],
  output: Output,
  work: (stopping: () => boolean) => Promise<Result>,
): Promise<Result> {
  const interrupt = interruptible(() =>
    output.note('stopping when this role has been handed over; the agents end the rest by themselves'),
  );
  const holder = { token: randomUUID(), who: `${userInfo().username}@${hostname()}`, since: new Date().toISOString() };
  const connections = watched.flatMap(({ connection }) => connection ?? []);
  const lock = await takeLock(
    connections,
    { ...holder, why: `failover of ${cluster}` },
    { signal: interrupt.signal, onWait: (host, why) => output.note(`${host}: ${why}`) },
  ).catch((error: unknown) => {
    if (error instanceof LockHeldError) throw new Failure(6, error.message, error.hints, { cause: error });
    throw error;
  });
  try {
    return await work(interrupt.stopping);
  } finally {
    interrupt.end();
    await lock.release();
  }
}

async function planned(
  config: Config,
  watched: readonly Watched[],
  request: Parameters<typeof planFailover>[2],
): Promise<FailoverPlan> {
  const views = await watch(watched);
  return movable(() => planFailover(config, views, request));
}

function movable<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Unmovable)) throw error;
    throw new Failure(error.isUsage ? 5 : 2, error.message, error.hints, { cause: error });
  }
}

interface Circumstances extends Limits {
  readonly output: Output;
  readonly stopping: () => boolean;
}

/** One after another; what fails ends it. */
async function moveAll(
  config: Config,
  watched: readonly Watched[],
  { moves }: FailoverPlan,
  { output, stopping, waitMs, allowLoss }: Circumstances,
): Promise<Done[]> {
  const agents = new Map(
    watched.flatMap(({ target, connection }) =>
      connection === null ? [] : [[target.wanted.host, directorAgent(target.wanted.host, connection)] as const],
    ),
  );
  const done: Done[] = [];
  for (const move of moves) {
    if (stopping()) break;
    const progress = createProgress(output);
    const mayLose = async (count: number): Promise<boolean> => {
      if (allowLoss !== null) return count <= allowLoss;
      progress.end();
      return (
        canAsk(output) && (await confirm(`${move.to} does not know ${count} connections, which would be lost. Go on?`))
      );
    };
    const oldAddresses =
      config.directors.find(({ name }) => name === move.from)?.dips.map(({ address }) => address) ?? [];
    const result = await handOver({
      ...{ move, directors: agents, oldAddresses, waitMs, mayLose, stopping },
      doing: (director, what) => progress.doing(director, what),
    }).finally(() => progress.end());
    done.push({ move, result });
    tellMove(output, move, result);
    if (outcomeOf(result) !== 'done') break;
  }
  return done;
}

function outcomeOf(result: HandOverResult): Outcome {
  if (result.outcome === 'failed') return 'failed';
  return result.outcome === 'refused' || (result.left ?? 0) > 0 ? 'policy' : 'done';
}
