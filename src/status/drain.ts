/** Drained realservers as a director tells of them: what holds, what is left on them, and how `status` shows it. */
import type { AgentState, DestinationState, OverrideState } from './state.ts';

/** Entries of the connection table; persistent ones are templates, each for a client that is to come back. */
export interface Counts {
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
}

/** What is left of a realserver in some services at one director, all listeners together, and its highest weight there. */
export function countsOf(
  { ipvs }: AgentState,
  realserver: string,
  services: readonly string[],
): Counts & { readonly weight: number } {
  const found = ipvs.services
    .filter(({ name }) => name !== null && services.includes(name))
    .flatMap(({ destinations }) => destinations.filter(({ name }) => name === realserver));
  const sum = (of: (one: DestinationState) => number): number => found.reduce((total, one) => total + of(one), 0);
  return {
    active: sum(({ active }) => active),
    inactive: sum(({ inactive }) => inactive),
    persistent: sum(({ persistent }) => persistent),
    weight: Math.max(0, ...found.map(({ weight }) => weight)),
  };
}

/** Names of the realservers that have a weight in a service at one director. */
export function servingIn({ ipvs }: AgentState, service: string): Set<string> {
  const found = ipvs.services.filter(({ name }) => name === service).flatMap(({ destinations }) => destinations);
  return new Set(found.flatMap(({ name, weight }) => (name !== null && weight > 0 ? [name] : [])));
}

/** The drain that holds for a realserver in a service: one for this service goes before one for all. */
export function drainOf({ overrides, at }: AgentState, realserver: string, service: string): OverrideState | undefined {
  const holding = overrides.filter(
    (one) => one.realserver === realserver && one.weight === 0 && (one.until === null || one.until > at),
  );
  return holding.find((one) => one.service === service) ?? holding.find((one) => one.service === null);
}

interface View {
  readonly director: string;
  readonly state: AgentState | null;
}

/** Rows of cells, the head first: every drain that some director knows of, and at which, if not at all that answer. */
export function drainRows(views: readonly View[]): string[][] {
  const states = views.flatMap(({ state }) => (state === null ? [] : [state]));
  const known = states.flatMap(({ director, overrides }) => overrides.map((override) => ({ director, override })));
  const subjects = Map.groupBy(known, ({ override }) => JSON.stringify([override.realserver, override.service]));
  const rows = [...subjects.values()].map((told) => {
    const newest = told.reduce((best, one) => (one.override.since > best.override.since ? one : best)).override;
    const at = told.length === states.length ? 'all directors' : told.map(({ director }) => director).join(', ');
    return rowOf(newest, at);
  });
  return [['Realserver', 'Service', 'Weight', 'At', 'Since (UTC)', 'Until (UTC)', 'By', 'Reason'], ...rows];
}

function rowOf({ realserver, service, weight, since, until, owner, reason }: OverrideState, at: string): string[] {
  const end = until === null ? 'taken back' : timeText(until);
  return [realserver, service ?? 'all', String(weight), at, timeText(since), end, owner, reason ?? ''];
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

const FORGOTTEN_MS = 86_400_000;

/** A sentence for the operator, or none: a drain without an end that is older than a day has perhaps been forgotten. */
export function drainAlarm({ realserver, service, since, until, owner, reason }: OverrideState, at: number): string[] {
  if (until !== null || at - since < FORGOTTEN_MS) return [];
  const where = service === null ? '' : ` in ${service}`;
  const why = reason === null ? '' : ` (${reason})`;
  return [`${realserver} is drained${where} since ${timeText(since)} UTC by ${owner}${why}`];
}
