/** A director whose VRRP another program speaks, as the agents of the others hear it. */
import type { AgentState, InstanceState } from './state.ts';

/** What runs there instead of an agent. */
export interface Foreign {
  readonly program: 'keepalived';
  /** Its own addresses: what its advertisements come from. */
  readonly addresses: readonly string[];
}

/** The instance of an agent that hears it as MASTER now; undefined: none does. */
export function heardFrom(
  name: string,
  { addresses }: Foreign,
  states: readonly (AgentState | null)[],
): (InstanceState & { readonly lastAdvert: NonNullable<InstanceState['lastAdvert']> }) | undefined {
  for (const state of states) {
    const instance = state?.vrrp.instances.find((one) => one.name === name);
    const { lastAdvert } = instance ?? {};
    if (state == null || instance === undefined || lastAdvert == null) continue;
    // As long as a MASTER is waited for, and a second for clocks that count differently.
    const isFresh = state.at - lastAdvert.at <= 4 * instance.advertIntervalMs + 1_000;
    if (isFresh && lastAdvert.priority > 0 && addresses.includes(lastAdvert.source)) return { ...instance, lastAdvert };
  }
  return undefined;
}

/** Its row in the table of instances. */
export function foreignRow(
  name: string,
  director: string,
  foreign: Foreign,
  states: readonly (AgentState | null)[],
): string[] {
  const cause = `${foreign.program} (not managed yet)`;
  const heard = heardFrom(name, foreign, states);
  if (heard === undefined) return [name, '', director, 'not heard', '', '', '', cause];
  const { lastAdvert, vips, vrid } = heard;
  return [name, String(vrid), director, 'MASTER', String(lastAdvert.priority), '', vips.join(' '), cause];
}
