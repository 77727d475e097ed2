/** How a destination leaves the table: weight 0 first, so that nothing new comes; deleted when it is idle or its time is over. */
import { type DestinationEntry, destinationKey, type IpvsChange, type ServiceEntry } from '../wire/ipvs.ts';
import type { DesiredService } from './desired.ts';

export interface LettingGo {
  readonly edits: readonly IpvsChange[];
  readonly deletions: readonly IpvsChange[];
  /** By key, since when (epoch ms), what stays for now. */
  readonly leaving: Readonly<Record<string, number>>;
}

type Keeping = Pick<DesiredService, 'service' | 'destinations' | 'removed' | 'drain'>;

/** @param known - since when each was already leaving before */
export function letGo(
  { service: { id }, destinations, removed, drain }: Keeping,
  entry: ServiceEntry | undefined,
  known: Readonly<Record<string, number>>,
  wallMs: number,
): LettingGo {
  const kept = new Set(destinations.map(destinationKey));
  const dropped = new Set(removed.map(destinationKey));
  const edits: IpvsChange[] = [];
  const deletions: IpvsChange[] = [];
  const leaving: Record<string, number> = {};
  for (const found of entry?.destinations ?? []) {
    const { destination } = found;
    const key = destinationKey(destination);
    if (kept.has(key)) continue;
    const since = known[key] ?? wallMs;
    const isQuiet = destination.weight === 0 && isIdle(found, drain.waitForPersistent);
    if (dropped.has(key) || isQuiet || wallMs - since >= drain.timeoutMs) {
      const { address, port } = destination;
      deletions.push({ op: 'delete-destination', id, destination: { address, port } });
      continue;
    }
    leaving[key] = since;
    if (destination.weight > 0) {
      edits.push({ op: 'set-destination', id, destination: { ...destination, weight: 0 } });
    }
  }
  return { edits, deletions, leaving };
}

/** UDP and half-closed connections count as inactive, and a client may reuse a port while they last: both must be gone. */
function isIdle({ active, inactive, persistent }: DestinationEntry, waitForPersistent: boolean): boolean {
  return active === 0 && inactive === 0 && (!waitForPersistent || persistent === 0);
}
