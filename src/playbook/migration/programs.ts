/** One program takes the other's place on a director. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import { AGENT_UNIT } from '../../desired/agent-units.ts';
import { wantedHosts } from '../../desired/hosts.ts';
import { NOTHING_PLACED, type Wanted } from '../../desired/wanted.ts';
import { AGENT_STEP } from '../../operations/agent.ts';
import { decide } from '../../operations/all.ts';
import { KEEPALIVED_UNIT, runsKeepalived, startCommands, stopCommands } from '../../operations/keepalived.ts';
import { applyDirector, refreshAgent, settle } from '../directors.ts';
import { hostFailure } from '../failure.ts';
import { contextFor } from '../plan.ts';
import { doing, fail, perform } from '../run.ts';
import { partingFor } from './parting.ts';
import { journalHint } from './roles.ts';
import { configStep, holdsAny, later, nameOf, takerIn, untilSeen, type Work } from './work.ts';

const POLL_MS = 300;
/** The slowest first check: its interval, and once more for its tries. */
const VERDICTS_MS = 180_000;

/** All but the agent itself: nothing of it disturbs a keepalived that serves. */
export async function prepare({ run, host }: Work): Promise<boolean> {
  const { steps } = decide(host.target.wanted, host.facts, contextFor(host.facts, run.shared));
  const first = steps.filter(({ name }) => name !== AGENT_STEP);
  if (first.length === 0) return true;
  doing(run, host, 'release, files and sysctls');
  if (!(await perform(run, host, first))) return false;
  host.changed += first.length;
  return true;
}

/** If nobody takes what it held, it is started again at once. */
export async function stopKeepalived(work: Work): Promise<boolean> {
  const { migration, run, host } = work;
  const { enabled = false } = host.facts.units[KEEPALIVED_UNIT] ?? {};
  if (!runsKeepalived(host.facts) && !enabled) return true;
  doing(run, host, 'keepalived stops');
  const commands = stopCommands(host.facts, run.shared.digest);
  if (!(await perform(run, host, [{ name: 'keepalived', commands }]))) return false;
  host.changed += 1;
  const taker = takerIn(work);
  if (migration.way !== 'stop' || taker === undefined) return true;
  if (await untilSeen(work, [taker], () => holdsAny(work, taker))) return true;
  doing(run, host, 'keepalived starts again');
  await perform(run, host, [{ name: 'keepalived', commands: startCommands(host.facts) }]);
  const failure = `${migration.taker} did not take over, so keepalived runs here again.`;
  return fail(run, host, hostFailure(nameOf(host), failure, [journalHint(migration.taker)]));
}

export async function startAgent({ run, host }: Work): Promise<boolean> {
  const { steps } = decide(host.target.wanted, host.facts, contextFor(host.facts, run.shared));
  if (steps.length > 0) {
    doing(run, host, 'lvs-agent starts');
    if (!(await perform(run, host, steps))) return false;
    host.changed += steps.length;
  }
  if (!(await settle(run, host))) return false;
  run.emit({ type: 'changed', host: nameOf(host), what: 'lvs-agent speaks', changes: [] });
  return true;
}

/** Longer than the start gate waits: what is not known to live would get nothing if this director had to serve now. */
export async function verdicts({ run, host }: Work): Promise<boolean> {
  const until = Date.now() + VERDICTS_MS;
  for (;;) {
    const open = host.facts.agent?.state?.checks.find(({ verdict }) => verdict === 'unknown');
    if (open === undefined || Date.now() > until || run.stopping()) return true;
    doing(run, host, `the first verdict of ${open.check} is not in`);
    await pause(POLL_MS);
    if (!(await refreshAgent(run, host))) return false;
  }
}

/** Agents elsewhere are told who is one of them now, and have their own priority again. */
export async function othersSettle({ run, others }: Work): Promise<boolean> {
  for (const other of others) {
    if (!other.facts.units[AGENT_UNIT]?.active) continue;
    if (!(await refreshAgent(run, other)) || !(await applyDirector(run, other))) return false;
  }
  return true;
}

/** In one go, so that nobody is missed for longer than it takes. */
export async function bringBack({ config, run, host }: Work): Promise<boolean> {
  const { steps } = decide(bareWanted(config, host.target.wanted), host.facts, contextFor(host.facts, run.shared));
  doing(run, host, 'lvs-agent ends, keepalived starts');
  // One that does not answer ends as it is.
  const answers = host.facts.agent?.state != null;
  const parting = answers ? [configStep(partingFor(config), nameOf(host), later(run, 1))] : [];
  const all = [...parting, ...steps, { name: 'keepalived', commands: startCommands(host.facts) }];
  if (!(await perform(run, host, all))) return false;
  host.changed += all.length;
  if (!runsKeepalived(host.facts)) {
    const failure = 'keepalived does not run although it was started.';
    return fail(run, host, hostFailure(nameOf(host), failure, ['journalctl -u keepalived there says more']));
  }
  run.emit({ type: 'changed', host: nameOf(host), what: 'keepalived speaks', changes: [] });
  return true;
}

/** What the host is besides a director. */
function bareWanted(config: Config, wanted: Wanted): Wanted {
  const directors = config.directors.filter(({ name }) => name !== wanted.host);
  const instances = config.instances.map((one) => ({
    ...one,
    speakers: one.speakers.filter(({ director }) => director !== wanted.host),
  }));
  const other = wantedHosts({ ...config, directors, instances }).find(({ host }) => host === wanted.host);
  const nothing = { modules: [], sysctls: {}, placed: NOTHING_PLACED, serves: [], inbound: [], onLink: [] };
  return other ?? { ...wanted, director: null, ...nothing };
}
