/**
 * One planned hand-over as the control machine sees it: the other BACKUPs are held, the MASTER is asked, both are watched, and
 * afterwards the old MASTER is let go when its successor knows all its connections. Whatever becomes of this program, the
 * agents end what was begun by themselves.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Established, unknownTo } from '../facts/established.ts';
import { NEW_HAND_OVER, watchHandOver } from '../status/hand-over.ts';
import type { AgentState, InstanceState } from '../status/state.ts';
import type { Address } from '../wire/address.ts';
import type { DirectorAgent } from './director-agent.ts';
import type { Move } from './failover-plan.ts';
import { HostError } from './failure.ts';

/** While it hands over, the old MASTER keeps a deadline of its own; without, what was not managed in this time will not be. */
const TAKEN_WITHIN_MS = 20_000;
const HOLD_MS = 30_000;
/** Of the holds: what others hold is not released. */
const OWNER = 'lvsctl failover';
const POLL_MS = 200;
/** Connection sync may be so far behind (the kernel's buffer waits 2 s). */
const SYNC_MS = 5_000;
const SYNC_POLL_MS = 500;
/** A successor that has just taken over gets the last of what the old one's kernel had not sent yet. */
const SETTLE_MS = 2_500;
const CONNECTIONS_POLL_MS = 1_000;

export interface HandOverOptions {
  readonly move: Move;
  readonly directors: ReadonlyMap<string, DirectorAgent>;
  /** All addresses of the old MASTER that packets may be relayed to. */
  readonly oldAddresses: readonly Address[];
  /** How long the successor's knowledge of connections is waited for; 0: not at all, which leaves it to the agents. */
  readonly waitMs: number;
  /** Asked before a hand-over in NAT that would cut so many connections. */
  readonly mayLose: (connections: number) => Promise<boolean>;
  readonly doing: (director: string, what: string) => void;
  readonly stopping: () => boolean;
  /** @default the machine's own */
  readonly time?: Time;
}

export interface Time {
  /** Monotonic, ms. */
  now(): number;
  pause(ms: number): Promise<void>;
}

export const REAL_TIME: Time = { now: () => performance.now(), pause: (ms) => pause(ms) };

export type HandOverResult =
  /** `left`: connections that only the old MASTER knows; null: not looked at, or too many to look at. */
  | { readonly outcome: 'done'; readonly seconds: number; readonly left: number | null; readonly lost: number }
  /** Nothing has changed. */
  | { readonly outcome: 'refused'; readonly lost: number }
  | { readonly outcome: 'failed'; readonly message: string };

/** @throws HostError, ConnectionFailure */
export async function handOver(options: HandOverOptions): Promise<HandOverResult> {
  const { move, mayLose } = options;
  const lost = move.translated.length === 0 ? 0 : await untilSynced(options);
  if (lost > 0 && !(await mayLose(lost))) return { outcome: 'refused', lost };
  const releases = await holdOthers(options);
  try {
    const taken = await give(options);
    if (taken.outcome === 'failed') return taken;
    const left = options.waitMs > 0 ? await untilKnown(options) : null;
    return { outcome: 'done', seconds: taken.seconds, left, lost };
  } finally {
    await releases();
  }
}

/** In NAT the answers pass the gateway, which moves too: what the successor does not know is lost. @returns how many */
async function untilSynced({ move, directors, doing, time = REAL_TIME }: HandOverOptions): Promise<number> {
  const [old, successor] = [agentOf(directors, move.from), agentOf(directors, move.to)];
  const until = time.now() + SYNC_MS;
  for (;;) {
    const [theirs, known] = await both(old, successor, move.translated);
    const count = unknownTo(known, theirs, []).length;
    if (count === 0 || time.now() > until) return count;
    doing(move.to, `does not know ${connections(count)} of ${move.from} yet`);
    await time.pause(SYNC_POLL_MS);
  }
}

/** @returns ends it */
async function holdOthers({ move, directors }: HandOverOptions): Promise<() => Promise<void>> {
  const others = move.others.map((name) => agentOf(directors, name));
  const all = (path: string, more: object) =>
    Promise.all(
      others.flatMap((other) =>
        move.instances.map((instance) => other.post(path, { instance, owner: OWNER, ...more }).catch(passOver)),
      ),
    );
  await all('/v1/hold', { forMs: HOLD_MS, reason: `${move.to} takes it` });
  return async () => {
    await all('/v1/release', {}).catch(() => undefined); // it ends by itself
  };
}

type Taken = { readonly outcome: 'taken'; readonly seconds: number } | Extract<HandOverResult, { outcome: 'failed' }>;

async function give(options: HandOverOptions): Promise<Taken> {
  const { move, directors, doing, time = REAL_TIME } = options;
  const [old, successor] = [agentOf(directors, move.from), agentOf(directors, move.to)];
  const [first = ''] = move.instances;
  doing(move.from, `hands ${move.instances.join(' and ')} over to ${move.to}`);
  await old.post('/v1/yield', { instance: first });
  const begunMs = time.now();
  let watched = NEW_HAND_OVER;
  for (;;) {
    const [before, after] = await Promise.all([old.state(), successor.state()]);
    const sinceMs = time.now() - begunMs;
    if (move.instances.every((name) => roleOf(after, name) === 'MASTER'))
      return { outcome: 'taken', seconds: Math.round(sinceMs / 10) / 100 };
    const instance = instanceOf(before, first);
    if (instance !== undefined) watched = watchHandOver(watched, instance, sinceMs);
    if (watched.outcome === 'kept')
      return failed(`${move.from} is still MASTER of ${first}: ${instance?.cause}; ${whyNotTaken(after, first)}`);
    if (sinceMs > TAKEN_WITHIN_MS && instance?.handingOver === undefined)
      return failed(`${move.to} did not take ${first}: ${whyNotTaken(after, first)}`);
    await time.pause(POLL_MS);
  }
}

function whyNotTaken(state: AgentState, name: string): string {
  const instance = instanceOf(state, name);
  if (instance === undefined) return `${state.director} does not know it`;
  const why = instance.waitingFor === null ? instance.cause : `waits for ${instance.waitingFor}`;
  return `${state.director} is ${instance.state} (${why})`;
}

/** @returns how many only the old MASTER knows at the end; null where they cannot be counted */
async function untilKnown(options: HandOverOptions): Promise<number | null> {
  const { move, directors, oldAddresses, waitMs, doing, stopping, time = REAL_TIME } = options;
  const [old, successor] = [agentOf(directors, move.from), agentOf(directors, move.to)];
  if (move.relayed.length > 0) await time.pause(SETTLE_MS);
  const until = time.now() + waitMs;
  let unknown: readonly string[] | undefined;
  for (;;) {
    const [theirs, known] = move.relayed.length === 0 ? [NONE, NONE] : await both(old, successor, move.relayed);
    if (!theirs.isWhole || !known.isWhole) return null;
    unknown = inBoth(unknownTo(known, theirs, oldAddresses), unknown);
    const left = unknown.length;
    if (left === 0) await release(options);
    if (left === 0 || time.now() > until || stopping()) return left;
    doing(move.to, `does not know ${connections(left)} of ${move.from} yet, and relays ${left === 1 ? 'it' : 'them'}`);
    await time.pause(CONNECTIONS_POLL_MS);
  }
}

/**
 * What only the old MASTER knows was there at every look. The rest are connections of the successor that have ended there, which
 * the old MASTER is still to be told.
 */
function inBoth(now: readonly string[], before: readonly string[] | undefined): readonly string[] {
  if (before === undefined) return now;
  const known = new Set(before);
  return now.filter((one) => known.has(one));
}

const NONE: Established = { connections: new Map(), isWhole: true };

/** An agent of an earlier release knows neither, and needs neither. */
async function release({ move, directors }: HandOverOptions): Promise<void> {
  for (const instance of move.instances) {
    await agentOf(directors, move.to).post('/v1/relay/end', { instance }).catch(passOver);
    await agentOf(directors, move.from).post('/v1/lame-duck/end', { instance }).catch(passOver);
  }
}

function passOver(error: unknown): void {
  if (!(error instanceof HostError)) throw error;
}

function both(old: DirectorAgent, successor: DirectorAgent, vips: readonly Address[]) {
  // The old one first: what begins meanwhile is then missing there, and not at its successor.
  return old.established(vips).then(async (theirs) => [theirs, await successor.established(vips)] as const);
}

export function connections(count: number): string {
  return `${count} connection${count === 1 ? '' : 's'}`;
}

function failed(message: string): Extract<HandOverResult, { outcome: 'failed' }> {
  return { outcome: 'failed', message };
}

function agentOf(directors: ReadonlyMap<string, DirectorAgent>, name: string): DirectorAgent {
  const agent = directors.get(name);
  if (agent === undefined) throw new RangeError(`no connection to ${name}`);
  return agent;
}

function roleOf(state: AgentState, name: string): string | undefined {
  return instanceOf(state, name)?.state;
}

function instanceOf(state: AgentState, name: string): InstanceState | undefined {
  return state.vrrp.instances.find((one) => one.name === name);
}
