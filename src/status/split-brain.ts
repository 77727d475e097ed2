/** Two MASTERs of one instance, seen from outside: which of them hears which, and what to look at. */
import type { AgentState, InstanceState } from './state.ts';

/** A director that is MASTER. */
export interface Master {
  readonly director: string;
  /** When it said so, on its own clock. */
  readonly at: number;
  readonly instance: InstanceState;
}

export function masterOf(name: string, director: string, state: AgentState | null): Master[] {
  const instance = state?.vrrp.instances.find((one) => one.name === name && one.state === 'MASTER');
  return state === null || instance === undefined ? [] : [{ director, at: state.at, instance }];
}

/** Who was MASTER for less than this may have taken over between two answers of one look. */
const JUST_NOW_MS = 3_000;

/** One sentence. @param masters - two at least */
export function splitBrain(name: string, masters: readonly Master[]): string {
  const who = masters.map(({ director }) => director).join(' and ');
  const pairs = masters.flatMap((one) => masters.filter((other) => other !== one).map((other) => hearing(one, other)));
  const seen = pairs.filter((pair) => pair !== undefined);
  const heard = seen.map(({ text }) => text).join(', ');
  const young = masters.find(({ at, instance }) => at - instance.since < JUST_NOW_MS);
  return [
    `${name} has ${masters.length} MASTERs: ${who}`,
    ...(heard === '' ? [] : [heard]),
    ...(young === undefined ? [] : [`${young.director} has only just taken over, which may be all: look again`]),
    adviceOn(new Set(seen.map(({ kind }) => kind))),
  ].join('; ');
}

function adviceOn(kinds: ReadonlySet<Hearing['kind']>): string {
  const network = 'check the network and the firewalls between them (IP protocol 112)';
  if (kinds.has('dropped')) {
    const configuration = 'compare what they run with (lvsctl plan)';
    return kinds.has('silence') ? `${configuration}, then ${network}` : configuration;
  }
  return kinds.has('silence') || kinds.size === 0 ? network : 'the next advertisement should settle it';
}

interface Hearing {
  readonly kind: 'heard' | 'dropped' | 'silence';
  readonly text: string;
}

/** What `one` makes of the advertisements of `other`; undefined where an older agent does not tell. */
function hearing(one: Master, other: Master): Hearing | undefined {
  const { lastAdvert, lastDropped = {}, advertIntervalMs } = one.instance;
  const { source } = other.instance;
  if (source === undefined || lastAdvert === undefined) return undefined;
  // As long as a MASTER is waited for, and a second for clocks that count differently.
  const isFresh = ({ at }: { readonly at: number }): boolean => one.at - at <= 4 * advertIntervalMs + 1_000;
  if (lastAdvert?.source === source && isFresh(lastAdvert)) {
    return { kind: 'heard', text: `${one.director} hears ${other.director} (priority ${lastAdvert.priority})` };
  }
  const reasons = Object.entries(lastDropped).filter(([, packet]) => packet.source === source && isFresh(packet));
  if (reasons.length > 0) {
    const why = reasons.map(([reason]) => reason).join(', ');
    return { kind: 'dropped', text: `${one.director} drops the advertisements of ${other.director} (${why})` };
  }
  return { kind: 'silence', text: `${one.director} hears nothing of ${other.director}` };
}
