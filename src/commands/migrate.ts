/** `lvsctl migrate DIRECTOR`: from keepalived to lvs-agent on one director, and back. */
import { posix } from 'node:path';
import { Command } from 'commander';
import { type Agreement, agreementOf } from '../convert/keepalived/agreement.ts';
import type { Include } from '../convert/keepalived/statement.ts';
import { hashedText } from '../desired/agent-config.ts';
import { mixturesFor } from '../desired/mixed.ts';
import { type KeepalivedFacts, keepalivedFact } from '../facts/keepalived.ts';
import { KEEPALIVED_UNIT } from '../operations/keepalived.ts';
import { canAsk, confirm } from '../output/ask.ts';
import { exitCodeOf, type Outcome } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type Output } from '../output/output.ts';
import type { Ended } from '../playbook/apply.ts';
import { closeAll, type Reading } from '../playbook/cluster.ts';
import { migrate as performed } from '../playbook/migration/migrate.ts';
import { type Migration, planMigration } from '../playbook/migration/plan.ts';
import { raisedFor } from '../playbook/migration/raised.ts';
import { sideOf } from '../playbook/migration/side.ts';
import { planHosts } from '../playbook/plan.ts';
import { unmanagedAmong, viewOf } from '../playbook/view.ts';
import { type Cluster, type ClusterOptions, digest, openCluster, type ReadCluster, readCluster } from './cluster.ts';
import { type Plan, tellEnd, tellPlan } from './migrate-text.ts';
import { underLock } from './under-lock.ts';

interface MigrateOptions extends ClusterOptions {
  readonly back?: boolean;
  readonly yes?: boolean;
  readonly check?: boolean;
  readonly partial?: boolean;
}

const EXAMPLES = `
One director at a time, the BACKUP first: a keepalived and an lvs-agent are a pair, for as long as you like. The topology must
say what keepalived.conf says (lvsctl import makes one of it); where it does not, the differences are told and nothing is done.
Realservers are left as they are: \`lvsctl apply\` configures them when all directors have changed.

Examples:
  lvsctl migrate lb2 --check                what would be done, and what it costs
  lvsctl migrate lb2                        shows that and asks
  lvsctl migrate lb2 --back                 keepalived again, as it was
  lvsctl migrate lb1 -t shop.yaml --yes     for scripts

Exit codes: 0 done; 2 differences (with --check: something to do), or failed; 4 a director was not reached, 5 bad input,
6 lock held, 7 host key or authentication refused, 130 interrupted.`;

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Puts lvs-agent in the place of keepalived on one director, or keepalived in its place again.')
    .argument('<director>', 'a director of the topology')
    .option('--back', 'from lvs-agent to keepalived, as it was')
    .option('--check', 'only show what would be done')
    .option('--yes', 'do not ask (needed where there is no terminal)')
    .option('--partial', 'also where nobody else can take the addresses, or a director cannot be reached')
    .addHelpText('after', EXAMPLES)
    .action(async (director: string, _options, command: Command) => {
      process.exitCode = await migrate(director, command.optsWithGlobals<MigrateOptions>());
    });
}

async function migrate(director: string, options: MigrateOptions): Promise<number> {
  const output = createOutput(options);
  const all = await openCluster({ ...options, limit: undefined });
  const cluster = { ...all, targets: all.targets.filter(({ wanted }) => wanted.director !== null) };
  const names = cluster.targets.map(({ wanted }) => wanted.host);
  if (!names.includes(director))
    throw new Failure(5, `the topology has no director ${director}`, [`it has ${names.join(', ')}`]);
  const before = await readCluster(cluster);
  const keepalived = unmanagedAmong(cluster.config, before.readings);
  // In the end it is one of them, or none any more.
  const after = keepalived.filter((name) => name !== director);
  const { shared } = before;
  const nowSeconds = Math.floor(Date.now() / 1000);
  const read = viewOf(cluster.config, options.back ? [...after, director] : after, before.readings, {
    ...{ digest, releases: shared.releases, nowSeconds },
  });
  try {
    const failed = read.readings.find(({ target }) => target.wanted.host === director);
    if (failed !== undefined && 'failure' in failed) return notRead(failed, output);
    const plan = await planFor(cluster, read, director, options);
    tellPlan(cluster.config.cluster, plan, output, options.check ?? false);
    if (plan.migration.done) return exitCodeOf(['done']);
    if (plan.problems.length > 0) return exitCodeOf(['failed']);
    if (options.check) return exitCodeOf(['differences']);
    if (!options.yes) await ask(output, plan.migration);
    const ended = await perform(cluster, read, { ...plan, keepalived }, output);
    tellEnd(cluster.config.cluster, plan, ended, output);
    return exitCodeOf([outcomeOf(ended)]);
  } finally {
    await closeAll(read.readings);
  }
}

function notRead({ failure }: Extract<Reading, { failure: unknown }>, output: Output): number {
  output.error([failure.message, ...failure.hints].join('\n  '));
  return exitCodeOf([failure.kind]);
}

async function planFor(
  { config }: Cluster,
  { readings, shared }: ReadCluster,
  director: string,
  { back = false, partial = false }: MigrateOptions,
): Promise<Plan> {
  const present = readings.flatMap((reading) => ('facts' in reading ? [reading] : []));
  const unread = readings.flatMap((reading) => ('failure' in reading ? [reading.target.wanted.host] : []));
  const sides = present.map(({ target, facts }) => sideOf(config, target.wanted.host, facts));
  const migration = planMigration({
    ...{ config, director, back, partial, sides, unread },
    configHash: shared.configHash,
    isOnTheWay: (name, hash) => mixturesFor(config, name).some((one) => isOf(one, name, hash)),
  });
  if (migration.done) return { migration, sides, problems: [], warnings: [], unread };
  const problems = [...migration.refusals];
  const warnings = [...migration.warnings];
  // A way back does not depend on what agrees with what.
  if (!back) {
    problems.push(...preconditions(readings, shared, director));
    for (const reading of present) {
      const agreement = await agreementWith(config, reading);
      const host = reading.target.wanted.host;
      problems.push(...agreement.differences.map((one) => `${host}: ${one}`));
      warnings.push(...agreement.remarks.map((one) => `${host}: ${one}`));
    }
  }
  return { migration, sides, problems, warnings, unread };
}

/** Its own, or that by which it is raised for a while. */
function isOf(config: Cluster['config'], director: string, hash: string): boolean {
  return [config, raisedFor(config, director)].some((one) => digest(hashedText(one)) === hash);
}

/** Those of an apply, but for keepalived itself. */
function preconditions(readings: ReadCluster['readings'], shared: ReadCluster['shared'], director: string): string[] {
  const quiet = readings.map((reading): Reading => {
    if ('failure' in reading) return reading;
    const units = { ...reading.facts.units };
    delete units[KEEPALIVED_UNIT];
    return { ...reading, facts: { ...reading.facts, units } };
  });
  const own = planHosts(quiet, shared).filter(({ host }) => host === director);
  return own.flatMap(({ host, problems }) => problems.map((one) => `${host}: ${one}`));
}

/** Of whoever runs keepalived now: what it says, against the topology. */
async function agreementWith(
  config: Cluster['config'],
  reading: Extract<Reading, { facts: unknown }>,
): Promise<Agreement> {
  if (!reading.facts.units[KEEPALIVED_UNIT]?.active) return { differences: [], remarks: [] };
  const step = { name: keepalivedFact.name, text: keepalivedFact.script({}) };
  const { steps } = await reading.connection.runScript([step]);
  const facts = keepalivedFact.parse(steps[0]?.stdout ?? '');
  const text = facts.files[facts.config];
  if (text === undefined)
    return { differences: [`its keepalived runs with ${facts.config}, which is not in /etc/keepalived`], remarks: [] };
  return agreementOf(config, reading.target.wanted.host, { name: facts.config, text }, includeFrom(facts));
}

function includeFrom({ files }: KeepalivedFacts): Include {
  return (pattern, from) => {
    const wanted = posix.resolve(posix.dirname(from), pattern);
    const names = Object.keys(files).filter((name) => posix.matchesGlob(name, wanted));
    if (names.length === 0 && !/[*?[{]/.test(pattern)) return 'there is no such file in /etc/keepalived';
    return names.sort().map((name) => ({ name, text: files[name] ?? '' }));
  };
}

async function ask(output: Output, { director, back }: Migration): Promise<void> {
  if (!canAsk(output)) throw new Failure(5, 'nobody can be asked here', ['say --yes to go on without being asked']);
  const what = back ? `Go back to keepalived on ${director}?` : `Migrate ${director}?`;
  if (!(await confirm(what))) throw new Failure(130, 'nothing was changed');
}

async function perform(
  { config }: Cluster,
  read: ReadCluster,
  plan: Plan & { readonly keepalived: readonly string[] },
  output: Output,
): Promise<Ended> {
  const { migration, unread, keepalived } = plan;
  const why = `migration of ${migration.director}${migration.back ? ' back' : ''} in ${config.cluster}`;
  return underLock({ ...read, why, absent: unread }, output, async (run) => {
    const host = run.hosts.find(({ target }) => target.wanted.host === migration.director);
    if (host === undefined) return 'failed';
    return performed({ config, keepalived, migration, run, host, others: run.hosts.filter((one) => one !== host) });
  });
}

function outcomeOf(ended: Ended): Outcome {
  return ended === 'stopped' ? 'interrupted' : ended;
}
