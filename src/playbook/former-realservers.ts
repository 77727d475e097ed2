/** Realservers that left the topology and are drained still: an undrain may name them, too. Pure. */
import type { AgentState } from '../status/state.ts';
import type { DrainRequest, Subject } from './drain-plan.ts';

/** Those of the names that some director has an override of. */
export function formerSubjects(states: readonly AgentState[], { names, services }: DrainRequest): Subject[] {
  const drained = new Set(states.flatMap(({ overrides }) => overrides.map(({ realserver }) => realserver)));
  const found = names.filter((name) => drained.has(name));
  return found.map((realserver) => ({ realserver, services: services ?? [], isWhole: services === null }));
}
