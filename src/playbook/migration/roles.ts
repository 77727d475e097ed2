/** Who holds the addresses: they leave a director before its program does, and in the end every instance has one owner. */
import { AGENT_UNIT } from '../../desired/agent-units.ts';
import { mixedFor } from '../../desired/mixed.ts';
import { AGENT_STEP, agentRequest } from '../../operations/agent.ts';
import { applyDirector } from '../directors.ts';
import { hostFailure } from '../failure.ts';
import { doing, fail, type HostRun, perform, type Run } from '../run.ts';
import { handAway } from './hand-away.ts';
import { raisedFor } from './raised.ts';
import { heldOn } from './side.ts';
import { configStep, holdsAll, holdsAny, movingIn, nameOf, takerIn, untilSeen, type Work } from './work.ts';

/**
 * Another agent takes what this director's keepalived holds.
 * @param later with the generation of the configuration by which it is raised
 * @param last with that of the one by which it is what it was
 */
export async function takeOver(work: Work, later: Run, last: Run): Promise<boolean> {
  const { config, run, host } = work;
  const taker = takerIn(work);
  if (taker === undefined) return true;
  const name = nameOf(taker);
  doing(run, taker, `takes ${movingIn(work)} over`);
  if (!(await perform(run, taker, [configStep(raisedFor(mixedFor(config, work.keepalived), name), name, later)])))
    return false;
  if (await untilSeen(work, [taker, host], () => holdsAll(work, taker) && !holdsAny(work, host))) {
    run.emit({ type: 'changed', host: name, what: `holds ${movingIn(work)}`, changes: [] });
    return true;
  }
  await applyDirector(last, taker);
  const failure = `it did not take ${movingIn(work)} over; keepalived goes on on ${nameOf(host)}.`;
  return fail(run, taker, hostFailure(name, failure, ['lvsctl status says whether it hears keepalived']));
}

/** This director's own agent gives them away: the other side takes them before it lets go. */
export async function giveAway(work: Work): Promise<boolean> {
  const { migration, run, host } = work;
  const taker = takerIn(work);
  const isAgent = taker?.facts.units[AGENT_UNIT]?.active ?? false;
  const isGiven = taker !== undefined && isAgent ? await handAway(work, taker) : await yieldAll(work);
  if (!isGiven) return false;
  const isTaken = (): boolean => !holdsAny(work, host) && (taker === undefined || holdsAll(work, taker));
  if (await untilSeen(work, taker === undefined ? [host] : [host, taker], isTaken)) return true;
  const failure = `nobody took ${movingIn(work)} over, so lvs-agent goes on here.`;
  return fail(run, host, hostFailure(nameOf(host), failure, [journalHint(migration.taker)]));
}

/** To a keepalived. */
async function yieldAll({ migration, run, host }: Work): Promise<boolean> {
  for (const instance of migration.moving) {
    if (!isMaster(host, instance)) continue;
    doing(run, host, `gives ${instance} away`);
    const request = agentRequest('POST', '/v1/yield', `${JSON.stringify({ instance })}\n`);
    if (!(await perform(run, host, [{ name: AGENT_STEP, commands: [request] }]))) return false;
  }
  return true;
}

export function journalHint(taker: string | null): string {
  return `look at the journal of keepalived on ${taker ?? 'the other director'}`;
}

function isMaster({ facts }: HostRun, instance: string): boolean {
  return facts.agent?.state?.vrrp.instances.find(({ name }) => name === instance)?.state === 'MASTER';
}

/** Among those that can be looked at; where somebody cannot, it may be he. */
export async function oneOwner(work: Work): Promise<boolean> {
  const { config, run, host, others } = work;
  const all = [host, ...others];
  const owners = (instance: string): string[] =>
    all.flatMap((one) => (heldOn(config, nameOf(one), one.facts).includes(instance) ? [nameOf(one)] : []));
  const isSomewhere = run.absent.length > 0 || config.instances.some(({ foreignPeers }) => foreignPeers.length > 0);
  const isRight = (count: number): boolean => count === 1 || (count === 0 && isSomewhere);
  const wrong = () => config.instances.map(({ name }) => name).find((name) => !isRight(owners(name).length));
  if (await untilSeen(work, all, () => wrong() === undefined)) return true;
  const instance = wrong() ?? '';
  const who = owners(instance);
  const failure = who.length === 0 ? `nobody holds ${instance}.` : `${who.join(' and ')} both hold ${instance}.`;
  return fail(run, host, hostFailure(nameOf(host), failure, ['lvsctl status says what each hears']));
}
