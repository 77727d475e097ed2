/** Which of the held connections count: what was open when the fault began, half of it opened in the last second. */
import type { HeldConnection } from '../../../vm-lab/load/grip.ts';

/** As many of the late ones as there are early ones. */
const LATE = 25;
/** One that was opened this long before may still be shaking hands. */
const HANDSHAKE_MS = 30;

export interface Lost {
  readonly connections: number;
  readonly connectionsLost: number;
  readonly downloads: number;
  readonly downloadsLost: number;
}

/** @param brokenMs when the fault began, on the clock of `openedMs`. */
export function lostOf(early: readonly HeldConnection[], late: readonly HeldConnection[], brokenMs: number): Lost {
  const fresh = late
    .filter(({ openedMs }) => openedMs > brokenMs - 1000 && openedMs < brokenMs - HANDSHAKE_MS)
    .slice(-LATE);
  const connections = [...early.filter(({ kind }) => kind === 'connection'), ...fresh];
  const downloads = early.filter(({ kind }) => kind === 'download');
  const lost = (all: readonly HeldConnection[]) => all.filter(({ cut }) => cut !== undefined).length;
  return {
    connections: connections.length,
    connectionsLost: lost(connections),
    downloads: downloads.length,
    downloadsLost: lost(downloads),
  };
}
