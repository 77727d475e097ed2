/** What an operator has said about a realserver beside its checks: a weight in place of the configured one, 0 for a drain. */

/** Of whom something is said. */
export interface Subject {
  readonly realserver: string;
  /** null: in every service. */
  readonly service: string | null;
}

export interface Override extends Subject {
  readonly weight: number;
  readonly owner: string;
  readonly reason: string | null;
  /** Epoch ms. */
  readonly since: number;
  /** Epoch ms from which it no longer holds; null: until it is taken back. */
  readonly until: number | null;
}

/** The override that holds for a realserver in a service, or undefined: one for this service goes before one for all. */
export function overrideFor(
  overrides: readonly Override[],
  realserver: string,
  service: string,
  wallMs: number,
): Override | undefined {
  const holding = overrides.filter((one) => one.realserver === realserver && !hasExpired(one, wallMs));
  return holding.find((one) => one.service === service) ?? holding.find((one) => one.service === null);
}

export function hasExpired({ until }: Override, wallMs: number): boolean {
  return until !== null && until <= wallMs;
}

/** With `added` in it: each takes the place of what was said of the same realserver and service. */
export function withOverrides(overrides: readonly Override[], added: readonly Override[]): Override[] {
  const kept = overrides.filter((old) => !added.some((one) => isSameSubject(old, one)));
  return [...kept, ...added];
}

/** Without what was said of these realservers; of these services only, where some are named. */
export function withoutOverrides(
  overrides: readonly Override[],
  realservers: readonly string[],
  services: readonly string[] | null,
): Override[] {
  const isMeant = (one: Override): boolean =>
    realservers.includes(one.realserver) &&
    (services === null || (one.service !== null && services.includes(one.service)));
  return overrides.filter((one) => !isMeant(one));
}

/** Whether both are said of the same realserver and service. */
export function isSameSubject(left: Subject, right: Subject): boolean {
  return left.realserver === right.realserver && left.service === right.service;
}
