/** Connections of a VRRP instance's addresses, in whichever service. Pure. */
import type { Config } from '../config/config.ts';
import type { ServiceEntry } from '../wire/ipvs.ts';

/** Active, half-closed and UDP ones: what a director must still know of. */
export function instanceConnections(config: Config, instance: string, entries: readonly ServiceEntry[]): number {
  const found = config.instances.find(({ name }) => name === instance);
  const vips = new Set([...(found?.vips ?? []), ...(found?.extraVips ?? [])].map(({ address }) => address));
  const marks = new Set(
    config.services.flatMap(({ mark, listen }) =>
      mark !== null && listen.some(({ address }) => vips.has(address)) ? [mark] : [],
    ),
  );
  return entries
    .filter(({ service: { id } }) => (id.kind === 'mark' ? marks.has(id.mark) : vips.has(id.address)))
    .flatMap(({ destinations }) => destinations)
    .reduce((sum, { active, inactive }) => sum + active + inactive, 0);
}
