/**
 * From keepalived to lvs-agent on one director, or back: what stands in the way, who takes the addresses meanwhile, and what it
 * costs. Pure.
 */
import type { Config } from '../../config/config.ts';
import type { InstanceConfig } from '../../config/instance.ts';
import { givesWay, RAISED } from './raised.ts';
import type { Side } from './side.ts';

export interface Question {
  readonly config: Config;
  /** The director that is to change hands. */
  readonly director: string;
  readonly back: boolean;
  /** Go on although nobody else can take the addresses. */
  readonly partial: boolean;
  /** All directors that could be read. */
  readonly sides: readonly Side[];
  /** Directors that could not. */
  readonly unread: readonly string[];
  /** Of the configuration that agents have in the end. */
  readonly configHash: string;
  /** Whether an agent may have this configuration on the way to it. */
  readonly isOnTheWay: (director: string, configHash: string) => boolean;
}

/**
 * How the addresses leave the director: `none`: it holds none. `raise`: another agent takes them, make before break. `yield`: its
 * own agent gives them away. `stop`: keepalived lets go as it stops, and another one notices. `alone`: nobody is there.
 */
export type Way = 'none' | 'raise' | 'yield' | 'stop' | 'alone';

export interface Migration {
  readonly director: string;
  readonly back: boolean;
  readonly way: Way;
  /** Instances whose addresses it holds. */
  readonly moving: readonly string[];
  /** Who takes them; null: nobody, or nobody that is known. */
  readonly taker: string | null;
  /** Nothing is left to be done. */
  readonly done: boolean;
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
  /** What is done, in order, one sentence each. */
  readonly steps: readonly string[];
}

export function planMigration(question: Question): Migration {
  const { director, back, sides } = question;
  const own = sides.find((side) => side.director === director);
  const moving = own?.holds ?? [];
  const taker = own === undefined || moving.length === 0 ? null : takerOf(question, moving);
  const way = wayOf(question, own, taker, moving);
  const done = own !== undefined && isDone(question, own);
  const refusals = done ? [] : refusalsOf(question, own, way);
  return {
    ...{ director, back, way, moving, done, refusals },
    taker: taker?.director ?? null,
    warnings: done ? [] : warningsOf(question, way, taker, moving),
    steps: done || refusals.length > 0 ? [] : stepsOf(question, way, taker, moving),
  };
}

function isDone({ back, configHash, sides }: Question, { speaks, wasKeepalived }: Side): boolean {
  if (back ? speaks !== 'keepalived' || wasKeepalived : speaks !== 'agent') return false;
  // Also the others have what they shall have in the end.
  return sides.every((side) => side.speaks !== 'agent' || side.configHash === configHash);
}

/** An agent rather than a keepalived: it can be told; then the highest priority. */
function takerOf({ config, director, sides }: Question, moving: readonly string[]): Side | null {
  const instances = config.instances.filter(({ name }) => moving.includes(name));
  const priority = ({ director: name }: Side): number =>
    instances.reduce((sum, { speakers }) => sum + (speakers.find((one) => one.director === name)?.priority ?? 0), 0);
  const able = sides.filter(
    (side) =>
      side.director !== director &&
      (side.speaks === 'agent' || side.speaks === 'keepalived') &&
      instances.every(({ speakers }) => speakers.some((one) => one.director === side.director)),
  );
  const rank = (side: Side): number => (side.speaks === 'agent' ? 1_000_000 : 0) + priority(side);
  return [...able].sort((a, b) => rank(b) - rank(a))[0] ?? null;
}

function wayOf(
  { config, director, back }: Question,
  own: Side | undefined,
  taker: Side | null,
  moving: readonly string[],
): Way {
  if (own === undefined || moving.length === 0) return 'none';
  const leaves = back ? own.speaks === 'agent' || own.speaks === 'both' : own.speaks !== 'agent';
  if (!leaves) return 'none';
  const instances = config.instances.filter(({ name }) => moving.includes(name));
  const foreign = instances.every(({ foreignPeers }) => foreignPeers.length > 0);
  if (taker === null && !foreign) return 'alone';
  if (back) return 'yield';
  const raises = taker?.speaks === 'agent' && instances.every((one) => givesWay(one, director));
  return raises ? 'raise' : 'stop';
}

function refusalsOf(question: Question, own: Side | undefined, way: Way): string[] {
  const { director, back, partial, sides, unread, isOnTheWay } = question;
  if (own === undefined) return [];
  const others = sides.filter((side) => side.director !== director);
  const stale = others.filter(
    (side) =>
      !back && side.speaks === 'agent' && side.configHash !== null && !isOnTheWay(side.director, side.configHash),
  );
  return [
    ...(back && !own.wasKeepalived && own.speaks !== 'keepalived'
      ? [`${director}: lvsctl has not stopped a keepalived there, so there is none to go back to.`]
      : []),
    ...(back ? signed(question, others) : []),
    ...(!back && own.speaks === 'nobody' && !own.wasKeepalived
      ? [`${director}: keepalived does not run there; apply sets up a director that runs nothing.`]
      : []),
    ...stale.map(
      (side) =>
        `${side.director}: its agent does not run this topology; apply it there first (lvsctl apply --limit ${side.director}).`,
    ),
    ...(unread.length > 0 && !partial
      ? [`${unread.join(' and ')} cannot be read; --partial goes on all the same.`]
      : []),
    ...(way === 'alone' && !partial
      ? [
          `${director}: nobody else speaks VRRP now and could take ${listed(question, own.holds)}; start the other director, or say --partial (${gapAlone(question, own.holds)}).`,
        ]
      : []),
  ];
}

/** Its keepalived.conf is from before there were signatures: an agent that signs and one that does not know it are two MASTERs. */
function signed({ config, director }: Question, others: readonly Side[]): string[] {
  const agents = others.filter(({ speaks }) => speaks === 'agent' || speaks === 'both').map((side) => side.director);
  const takesPart = ({ speakers }: InstanceConfig, name: string): boolean =>
    speakers.some((one) => one.director === name);
  return config.instances
    .filter(({ hmac }) => hmac !== null && hmac.mode !== 'receive')
    .filter((one) => takesPart(one, director) && agents.some((name) => takesPart(one, name)))
    .map(
      ({ name }) =>
        `${director}: ${name} has signed adverts, which its keepalived does not understand; take \`hmac\` out of the topology and apply, then go back.`,
    );
}

function warningsOf(question: Question, way: Way, taker: Side | null, moving: readonly string[]): string[] {
  const { back, director, sides } = question;
  if (way === 'stop' && !back) {
    const other = taker === null ? 'the other director' : taker.director;
    const first = sides.some((side) => side.director === other && side.speaks === 'keepalived');
    return [
      `${listed(question, moving)}: about ${skewText(question, taker, moving)} without an owner, from keepalived's farewell until ${other} takes over, and connections that it has not synced are cut${first ? `; migrate ${other} first and there is none` : ''}.`,
    ];
  }
  if (way === 'alone') return [`${listed(question, moving)}: ${gapAlone(question, moving)}, for nobody else is there.`];
  if (way === 'yield' && taker?.speaks === 'keepalived')
    return [
      `${listed(question, moving)}: at most ${skewText(question, taker, moving)} until ${taker.director}'s keepalived takes over from ${director}; it knows the connections that were synced.`,
    ];
  return [];
}

function stepsOf(question: Question, way: Way, taker: Side | null, moving: readonly string[]): string[] {
  const { back, director, sides } = question;
  const names = moving.join(' and ');
  const own = sides.find((side) => side.director === director);
  const raised = `${taker?.director}: takes ${names} over while ${director} still serves (priority ${RAISED} for as long as it takes)`;
  const away: Readonly<Record<Way, readonly string[]>> = {
    none: [],
    raise: [raised],
    yield: [`${director}: lvs-agent gives ${names} to ${taker?.director ?? 'the other director'}`],
    stop: [],
    alone: [],
  };
  if (back) {
    return [
      ...away[way],
      `${director}: lvs-agent stopped, its units, files and sysctls as they were before; the release stays in /opt/lvs-agent`,
      `${director}: keepalived started, and enabled if it was`,
    ];
  }
  return [
    `${director}: the agent's release, files and sysctls put in place; keepalived goes on`,
    ...away[way],
    ...(own?.speaks === 'nobody'
      ? []
      : [
          way === 'stop'
            ? `${director}: keepalived stopped and disabled; ${taker?.director ?? 'the other director'} takes ${names} over`
            : `${director}: keepalived stopped and disabled`,
        ]),
    `${director}: lvs-agent started, and waited for until it has settled and every check has a verdict`,
    ...(way === 'raise' ? [`${taker?.director}: back to its own priority`] : []),
  ];
}

function listed({ config }: Question, names: readonly string[]): string {
  const vips = config.instances
    .filter(({ name }) => names.includes(name))
    .flatMap((instance) => instance.vips.map(({ address }) => address));
  return vips.join(', ');
}

/** RFC 9568 section 6.1, Skew_Time: what a BACKUP waits after a farewell. */
function skewText({ config }: Question, taker: Side | null, moving: readonly string[]): string {
  const instances = config.instances.filter(({ name }) => moving.includes(name));
  const skews = instances.map((one) =>
    skewMs(
      one,
      one.speakers.find(({ director }) => director === taker?.director),
    ),
  );
  return `${(Math.max(0, ...skews) / 1000).toFixed(1)} s`;
}

function skewMs(
  { version, advertIntervalMs }: InstanceConfig,
  speaker: { readonly priority: number } | undefined,
): number {
  return ((256 - (speaker?.priority ?? 100)) / 256) * (version === 2 ? 1000 : advertIntervalMs);
}

function gapAlone({ config }: Question, moving: readonly string[]): string {
  const longest = Math.max(
    0,
    ...config.instances
      .filter(({ name }) => moving.includes(name))
      .map((one) => 3 * one.advertIntervalMs + skewMs(one, one.speakers[0])),
  );
  return `some ${Math.ceil(longest / 1000) + 2} s without an owner`;
}
