/** What is left of a realserver that drains, as the directors tell it. Pure. */
import { type Counts, countsOf, drainOf } from '../status/drain.ts';
import type { AgentState } from '../status/state.ts';
import type { Subject } from './drain-plan.ts';

export interface Left extends Counts {
  readonly director: string;
}

/** In all of these services. */
export function isDrainedAt(state: AgentState, { realserver, services }: Subject): boolean {
  return services.every((service) => drainOf(state, realserver, service) !== undefined);
}

export interface Look {
  readonly isTakenBack: boolean;
  readonly isEmpty: boolean;
  readonly left: readonly Left[];
}

/**
 * Every entry counts, in whatever state: UDP has no other, and in FIN_WAIT and TIME_WAIT the client may use its port again. So
 * do a BACKUP's copies: it may be MASTER in a moment.
 */
export function lookAt(subject: Subject, states: readonly AgentState[], persistent: ReadonlySet<string>): Look {
  const { realserver, services } = subject;
  const waiting = services.filter((name) => persistent.has(name));
  let isEmpty = true;
  const left = states.map((state): Left => {
    const { active, inactive, weight } = countsOf(state, realserver, services);
    const templates = countsOf(state, realserver, waiting).persistent;
    if (active + inactive + templates + weight > 0) isEmpty = false;
    return { director: state.director, active, inactive, persistent: templates };
  });
  return { isTakenBack: states.some((state) => !isDrainedAt(state, subject)), isEmpty, left };
}

/** `12 active, 30 inactive at lb1; nothing at lb2`. */
export function leftText(left: readonly Left[], silent: readonly string[] = []): string {
  const told = left.map((one) => `${countText(one)} at ${one.director}`);
  return [...told, ...silent.map((director) => `${director} does not answer just now`)].join('; ');
}

function countText({ active, inactive, persistent }: Counts): string {
  const parts = [
    ...(active > 0 ? [`${active} active`] : []),
    ...(inactive > 0 ? [`${inactive} inactive`] : []),
    ...(persistent > 0 ? [`${persistent} persistent`] : []),
  ];
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}
