/**
 * Realservers that cannot be read now. Directors may go on sending them what they send already; what is new to them they would
 * drop, for the VIP or the return route is not there yet, while a check of the RIP says that all is well.
 */
import type { Served, Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';

/** Names of the services for which some director would send a realserver something new; `directors` are all that could be read. */
export function unpreparedFor({ host, serves }: Wanted, directors: readonly HostFacts[]): string[] {
  const news = serves.filter((one) => !directors.every((director) => isServed(host, one, director)));
  return [...new Set(news.map(({ service }) => service))];
}

/** Whether a director has it: service, listener, RIP and method of forwarding; while its checks fail it may be out of the table. */
function isServed(name: string, { service, address, rip, forward }: Served, { agent }: HostFacts): boolean {
  const state = agent?.state;
  if (!state) return false;
  const vips = state.vrrp.instances.flatMap((instance) => instance.vips);
  const checked = state.checks.some((check) => check.service === service && check.realserver === name);
  return state.ipvs.services.some(
    (one) =>
      one.name === service &&
      // By mark: the listener's address is not in the table, but the VIP is one that the director has.
      (one.mark === null ? one.address === address : vips.includes(address)) &&
      (one.destinations.find((destination) => destination.address === rip)?.forward ?? (checked ? forward : null)) ===
        forward,
  );
}
