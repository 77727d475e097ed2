/**
 * Which kernel services are ours, and what of them is on its way out. It is remembered across restarts, so that what an
 * earlier configuration named is taken away and what another program made is never touched.
 */

export interface OwnedService {
  readonly drain: { readonly timeoutMs: number; readonly waitForPersistent: boolean };
  /** Destinations that left the configuration, by key: since when (epoch ms). */
  readonly leaving: Readonly<Record<string, number>>;
}

/** By service key (`tcp 10.77.1.100:80`). */
export type Ownership = Readonly<Record<string, OwnedService>>;
