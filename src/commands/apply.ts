/** `lvsctl apply`: shows the plan, asks, and makes it so; the second half of `plan`. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import { canAsk, confirm } from '../output/ask.ts';
import { exitCodeOf, type Outcome } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type Output } from '../output/output.ts';
import { createProgress } from '../output/progress.ts';
import { recapText } from '../output/recap.ts';
import { applyHosts, type Ended } from '../playbook/apply.ts';
import { closeAll, type Reading } from '../playbook/cluster.ts';
import { LockHeldError, takeLock } from '../playbook/lock.ts';
import { absentDirectors, isStuck, wantsPartial } from '../playbook/partial.ts';
import { type HostPlan, planHosts } from '../playbook/plan.ts';
import type { HostRun, Run, RunEvent } from '../playbook/run.ts';
import { endNotes, partialHint } from './apply-text.ts';
import { type ClusterOptions, openCluster, type ReadCluster, readCluster, reread } from './cluster.ts';
import { interruptible } from './interrupt.ts';
import { outcomeOfPlan, tellObstacles } from './plan.ts';
import { planDocument, planText } from './plan-text.ts';
import { recapOf } from './recap.ts';

interface ApplyOptions extends ClusterOptions {
  readonly yes?: boolean;
  readonly check?: boolean;
  readonly partial?: boolean;
}

const EXAMPLES = `
Examples:
  lvsctl apply topology.yaml                    shows the plan and asks
  lvsctl apply topology.yaml --yes              for scripts
  lvsctl apply topology.yaml --check            as plan
  lvsctl apply topology.yaml --yes --limit web1 one host only
  lvsctl apply topology.yaml --yes --partial    although a director is down`;

export function applyCommand(): Command {
  return new Command('apply')
    .description('Makes the hosts what the topology says; realservers, then directors one at a time, each verified.')
    .argument('[topology]', 'short for -t')
    .option('--yes', 'do not ask (needed where there is no terminal)')
    .option('--check', 'only show what would change')
    .option('--limit <hosts>', 'only these hosts, separated by commas')
    .option('--partial', 'also without directors that cannot be reached; they come back held as BACKUP')
    .addHelpText('after', EXAMPLES)
    .action(async (topology: string | undefined, _options, command: Command) => {
      const globals = command.optsWithGlobals<ApplyOptions>();
      process.exitCode = await apply({ ...globals, topology: topology ?? globals.topology });
    });
}

async function apply(options: ApplyOptions): Promise<number> {
  const output = createOutput(options);
  const cluster = await openCluster(options);
  const read = await readCluster(cluster);
  try {
    const plans = planHosts(read.readings, read.shared);
    const outcomes = plans.map(outcomeOfPlan);
    const changes = plans.some((plan) => plan.changes.length > 0);
    const { check = false, partial = false } = options;
    if (check || !changes || isStuck(plans, partial)) {
      show(cluster.config.cluster, plans, output, check ? [] : recaps(plans, []));
      if (!partial && wantsPartial(plans)) output.note(partialHint(plans));
      return exitCodeOf(check ? outcomes : outcomes.filter((one) => one !== 'differences'));
    }
    output.note(planText(plans, output.messageStyle, output.verbosity > 0));
    if (!options.yes) await ask(output);
    const absent = absentDirectors(plans).map(({ host }) => host);
    const { hosts, ended } = await perform(cluster.config.cluster, { ...read, absent }, output);
    output.document({ schema: 1, cluster: cluster.config.cluster, ended, hosts: recaps(plans, hosts) });
    output.text(recapText(recaps(plans, hosts), output.style));
    for (const note of endNotes({ ended, hosts, absent, generation: read.shared.generation })) output.note(note);
    tellObstacles(plans, output);
    return exitCodeOf([
      ...outcomes.filter((one) => one !== 'differences'),
      ...hosts.map(outcomeOfHost),
      outcomeOfRun(ended),
    ]);
  } finally {
    await closeAll(read.readings);
  }
}

function show(cluster: string, plans: readonly HostPlan[], output: Output, after: ReturnType<typeof recaps>): void {
  output.document({ ...planDocument(cluster, plans), ended: 'nothing done' });
  output.text(planText(plans, output.style, output.verbosity > 0));
  if (after.length > 0) output.text(recapText(after, output.style));
  tellObstacles(plans, output);
}

async function ask(output: Output): Promise<void> {
  if (!canAsk(output)) throw new Failure(5, 'nobody can be asked here', ['say --yes to apply without being asked']);
  if (!(await confirm('Apply this?'))) throw new Failure(130, 'nothing was changed');
}

async function perform(
  cluster: string,
  read: ReadCluster & { readonly absent: readonly string[] },
  output: Output,
): Promise<{ readonly hosts: readonly HostRun[]; readonly ended: Ended }> {
  const present = read.readings.flatMap((reading) => ('connection' in reading ? [reading] : []));
  const directors = present.filter(({ target }) => target.wanted.director !== null).map(({ connection }) => connection);
  const progress = createProgress(output);
  const interrupt = interruptible(() => progress.line('stopping after the current host; ^C again gives up at once'));
  const holder = { token: randomUUID(), who: `${userInfo().username}@${hostname()}`, since: new Date().toISOString() };
  const lock = await takeLock(
    directors,
    { ...holder, why: `apply of ${cluster}` },
    { signal: interrupt.signal, onWait: (host, why) => progress.doing(host, why) },
  ).catch(locked);
  try {
    const hosts = (await reread(present, read.shared)).map(hostRun);
    const run: Run = {
      shared: read.shared,
      hosts,
      absent: read.absent,
      emit: (event) => tell(event, progress, output),
      signal: interrupt.signal,
      stopping: interrupt.stopping,
    };
    return { hosts, ended: await applyHosts(run) };
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

function recaps(plans: readonly HostPlan[], hosts: readonly HostRun[]) {
  return plans.map((plan) =>
    recapOf(
      plan,
      hosts.find(({ target }) => target.wanted.host === plan.host),
    ),
  );
}

function outcomeOfHost({ failure }: HostRun): Outcome {
  return failure === null ? 'done' : failure.kind === 'unreachable' ? 'failed' : failure.kind;
}

function outcomeOfRun(ended: Ended): Outcome {
  return ended === 'stopped' ? 'interrupted' : ended;
}
