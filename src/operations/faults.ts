/** Instances that a director cannot serve just now: an apply changes nothing about it, and must not look as if all were well. */
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';

/** Sentences without the host's name in front. */
export function faultWarnings({ director }: Wanted, { agent }: HostFacts): string[] {
  const wanted = new Set(director?.instances.map(({ name }) => name));
  return (agent?.state?.vrrp.instances ?? [])
    .filter(({ name, state }) => state === 'FAULT' && wanted.has(name))
    .map(
      ({ name, cause }) =>
        `VRRP ${name} is in FAULT here (${cause}), so this director cannot serve it; see lvsctl status.`,
    );
}
