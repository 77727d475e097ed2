/** `lvsctl apply`: shows the plan, asks, and makes it so; the second half of `plan`. */
import { Command } from 'commander';
import { canAsk, confirm } from '../output/ask.ts';
import { exitCodeOf, type Outcome } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type Output } from '../output/output.ts';
import { recapText } from '../output/recap.ts';
import { applyHosts, type Ended } from '../playbook/apply.ts';
import { closeAll } from '../playbook/cluster.ts';
import { absentDirectors, isStuck, wantsPartial } from '../playbook/partial.ts';
import { type HostPlan, planHosts } from '../playbook/plan.ts';
import type { HostRun } from '../playbook/run.ts';
import { endNotes, partialHint } from './apply-text.ts';
import { type ClusterOptions, openCluster, readCluster } from './cluster.ts';
import { outcomeOfPlan, tellObstacles } from './plan.ts';
import { planDocument, planText } from './plan-text.ts';
import { recapOf } from './recap.ts';
import { underLock } from './under-lock.ts';

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
    const why = `apply of ${cluster.config.cluster}`;
    const { hosts, ended } = await underLock({ ...read, why, absent }, output, async (run) => ({
      hosts: run.hosts,
      ended: await applyHosts(run),
    }));
    output.document({ schema: 1, cluster: cluster.config.cluster, ended, hosts: recaps(plans, hosts) });
    output.text(recapText(recaps(plans, hosts), output.style));
    const away = absentDirectors(plans);
    for (const note of endNotes({ ended, hosts, away, generation: read.shared.generation })) output.note(note);
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
