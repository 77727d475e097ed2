/** `lvsctl plan`: what apply would change, host by host; reads, never writes, never locks. */
import { Command } from 'commander';
import { exitCodeOf, type Outcome } from '../output/exit-code.ts';
import { createOutput, type Output } from '../output/output.ts';
import { closeAll } from '../playbook/cluster.ts';
import { type HostPlan, planHosts } from '../playbook/plan.ts';
import { type ClusterOptions, openCluster, readCluster } from './cluster.ts';
import { planDocument, planText } from './plan-text.ts';

const EXAMPLES = `
Examples:
  lvsctl plan topology.yaml                    exit 0: nothing to change; 2: changes
  lvsctl plan topology.yaml -i inventory.yaml  connection settings from an Ansible inventory
  lvsctl plan topology.yaml --json | jq .      for scripts
  lvsctl plan topology.yaml --limit lb1,web1   some hosts only`;

export function planCommand(): Command {
  return new Command('plan')
    .description('Shows what apply would change on each host. Exit codes: 0 nothing, 2 changes, 4 hosts not reached.')
    .argument('[topology]', 'short for -t')
    .option('--limit <hosts>', 'only these hosts, separated by commas')
    .addHelpText('after', EXAMPLES)
    .action(async (topology: string | undefined, _options, command: Command) => {
      const globals = command.optsWithGlobals<ClusterOptions>();
      process.exitCode = await plan({ ...globals, topology: topology ?? globals.topology });
    });
}

async function plan(options: ClusterOptions): Promise<number> {
  const output = createOutput(options);
  const cluster = await openCluster(options);
  const { readings, shared } = await readCluster(cluster);
  try {
    const plans = planHosts(readings, shared);
    output.document(planDocument(cluster.config.cluster, plans));
    output.text(planText(plans, output.style, output.verbosity > 0));
    tellObstacles(plans, output);
    return exitCodeOf(plans.map(outcomeOfPlan));
  } finally {
    await closeAll(readings);
  }
}

/** On stderr, a host a message: what keeps a plan from being applied there, with the next steps, and what to beware of. */
export function tellObstacles(plans: readonly HostPlan[], output: Output): void {
  for (const { host, failure, problems, warnings } of plans) {
    for (const warning of warnings) output.warn(`${host}: ${warning}`);
    if (failure) output.error([failure.message, ...failure.hints].join('\n  '));
    for (const problem of problems) output.error(`${host}: ${problem}`);
  }
}

/** What a host's plan means for the exit code; a problem stops an apply as a failure of that host would. */
export function outcomeOfPlan({ failure, problems, changes }: HostPlan): Outcome {
  if (failure) return failure.kind;
  if (problems.length > 0) return 'failed';
  return changes.length > 0 ? 'differences' : 'done';
}
