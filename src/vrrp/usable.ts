/** Whether a MASTER that has a fault could go on serving until another has taken over. */
import type { InstanceSetup } from './instance-setup.ts';
import type { Surroundings } from './tracking.ts';

/** It can still say that it hands over, hear its successor, and be reached by clients. */
export function canServe(setup: InstanceSetup, { interfaces }: Pick<Surroundings, 'interfaces'>): boolean {
  const isUp = (name: string): boolean => (interfaces[name]?.upSinceMs ?? null) !== null;
  const speaks = setup.source !== null && interfaces[setup.interface]?.addresses.includes(setup.source);
  return speaks === true && [setup.interface, ...setup.addresses.map((one) => one.interface)].every(isUp);
}
