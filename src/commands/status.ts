/** `lvsctl status`: VRRP states and IPVS tables of all directors, once or every second. */
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { exitCodeOf, type Outcome } from '../output/exit-code.ts';
import { createOutput, type Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import { closeDirectors, openDirectors, type Watched, watch } from '../playbook/watch.ts';
import { drainRows } from '../status/drain.ts';
import { policyNotes } from '../status/policy.ts';
import { alarmsOf, type DirectorView, ipvsText, vrrpRows } from '../status/table.ts';
import { type ClusterOptions, openCluster } from './cluster.ts';

interface StatusOptions extends ClusterOptions {
  readonly watch?: boolean;
}

const EXAMPLES = `
Examples:
  lvsctl status topology.yaml
  lvsctl status topology.yaml --json | jq '.directors[].state.vrrp.instances'
  lvsctl status topology.yaml --watch`;

export function statusCommand(): Command {
  return new Command('status')
    .description('Prints VRRP states and IPVS tables of all directors. Exit code 4 if none of them can be reached.')
    .argument('[topology]', 'short for -t')
    .option('-w, --watch', 'again every second, until ^C')
    .addHelpText('after', EXAMPLES)
    .action(async (topology: string | undefined, _options, command: Command) => {
      const globals = command.optsWithGlobals<StatusOptions>();
      process.exitCode = await status({ ...globals, topology: topology ?? globals.topology });
    });
}

async function status(options: StatusOptions): Promise<number> {
  const output = createOutput(options);
  const { config, targets, connect } = await openCluster(options);
  const directors = targets.filter(({ wanted }) => wanted.director !== null);
  const watched = await openDirectors(directors, connect);
  try {
    for (;;) {
      const views = await watch(watched);
      show(config.cluster, views, output, options.watch ?? false);
      if (!options.watch) return exitCodeOf(outcomesOf(watched, views));
      await pause(1_000);
    }
  } finally {
    await closeDirectors(watched);
  }
}

/** A director that is down is what status is there to show; only if nobody answers has it nothing to say. */
function outcomesOf(watched: readonly Watched[], views: readonly DirectorView[]): Outcome[] {
  if (views.some(({ state, foreign }) => state !== null || foreign !== undefined)) return ['done'];
  const kinds = watched.map(({ failure }) => failure?.kind ?? 'failed');
  return kinds.length === 0 ? ['done'] : kinds;
}

function show(cluster: string, views: readonly DirectorView[], output: Output, again: boolean): void {
  const alarms = alarmsOf(views);
  const document = {
    schema: 1,
    cluster,
    directors: views.map(({ director, state, silence, foreign }) => ({
      ...{ director, state, unreadable: silence },
      speaks: foreign?.program ?? (state === null ? null : 'lvs-agent'),
    })),
    alarms,
  };
  if (again) output.event(document);
  else output.document(document);
  const clear = again && output.interactive ? '\u001b[H\u001b[2J' : '';
  output.text(`${clear}${statusText(views, alarms, output)}`);
}

function statusText(views: readonly DirectorView[], alarms: readonly string[], { style }: Output): string {
  const rows = vrrpRows(views);
  const drains = drainRows(views);
  // A director without a state is among the alarms.
  const tables = views.flatMap(({ director, state }) => {
    if (state === null) return [];
    const about = `generation ${state.config.generation}, lvs-agent ${state.version}`;
    return [[`${style.bold(director)} (${about})`, ipvsText(state.ipvs.services), ...policyNotes(state)].join('\n')];
  });
  const foreign = views.flatMap((view) =>
    view.foreign === undefined ? [] : [`${style.bold(view.director)}: ${view.foreign.program} (not managed yet)`],
  );
  return [
    ...(rows.length > 1 ? [table(rows)] : []),
    ...tables,
    ...foreign,
    ...(drains.length > 1 ? [table(drains)] : []),
    ...(alarms.length > 0 ? [alarms.map((alarm) => `${style.bad('!')} ${alarm}`).join('\n')] : []),
  ].join('\n\n');
}
