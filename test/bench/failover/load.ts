/**
 * The load of a round: new connections at a rate, probes of the VIP where that rate is too low to measure a gap, idle
 * keep-alive connections of which some are being opened all the time, and downloads. Each round comes from an address of its
 * own, so that no kernel on the way takes a connection for one of an earlier round.
 */
import type { Lab } from '../../../vm-lab/lab.ts';
import { startHeld, startRequests } from '../../../vm-lab/traffic.ts';
import { URL_OF_NOBODY, URL_OF_SERVICE } from './cluster.ts';
import { type Lost, lostOf } from './sample.ts';

const EARLY = 25;
export const DOWNLOADS = 10;
/** So fast that 25 are opened in a second, with some to spare. */
const OPENING_EVERY_MS = 35;
/** Below this rate the requests alone cannot tell a gap. */
const PROBES_A_SECOND = 100;
/** Less than TCP waits before it repeats a lost SYN (1 s), more than a busy machine needs for an answer. */
const TIMEOUT_MS = 900;
/** TCP repeats what was lost after 0.2, 0.6, 1.4, 3 and 6.2 s: a download goes on so late after 3.6 s without a MASTER. */
const PATIENCE_MS = 10_000;

export interface Measured extends Lost {
  readonly gapMs: number;
  readonly sent: number;
  readonly failed: number;
  readonly causes: Readonly<Record<string, number>>;
  /** How late the generator itself was, at worst. */
  readonly ownLatenessMs: number;
}

export interface Load {
  /** Resolves when a request that was begun after `sinceMs` (epoch) was answered. */
  serves(sinceMs: number, timeoutMs: number): Promise<void>;
  /** Every connection must prove that it works. @param brokenMs when the fault began (epoch): what was open then counts. */
  end(brokenMs: number): Promise<Measured>;
}

/** Resolves when everything is open and has been answered, and the last second of openings has passed. */
export async function startLoad(lab: Lab, rate: number, from: string): Promise<Load> {
  const common = { from, timeoutMs: TIMEOUT_MS };
  const requests = startRequests(lab, URL_OF_SERVICE, { ...common, intervalMs: 1000 / rate });
  const probes =
    rate >= PROBES_A_SECOND
      ? requests
      : startRequests(lab, URL_OF_NOBODY, { ...common, intervalMs: 1000 / PROBES_A_SECOND, expects: 'refusal' });
  const held = { from, everyMs: 0, patienceMs: PATIENCE_MS };
  const early = startHeld(lab, URL_OF_SERVICE, { ...held, connections: EARLY, downloads: DOWNLOADS, spacingMs: 10 });
  const all = [requests, probes, early];
  const endAll = () => Promise.allSettled([...all, late].map((one) => one.stop()));
  const late = startHeld(lab, URL_OF_SERVICE, { ...held, connections: 5_000, spacingMs: OPENING_EVERY_MS });
  try {
    await early.until(
      ({ held: open }) => open.filter(({ received }) => received > 0).length >= EARLY + DOWNLOADS,
      20_000,
    );
    await probes.until(({ succeeded }) => succeeded >= 50, 20_000);
    await late.until(({ held: open }) => open.length * OPENING_EVERY_MS >= 1_200, 20_000);
  } catch (error) {
    await endAll();
    throw error;
  }
  return {
    serves: async (sinceMs, timeoutMs) => {
      await probes.until(({ lastSuccessMs }) => lastSuccessMs > sinceMs + TIMEOUT_MS, timeoutMs);
    },
    end: async (brokenMs) => {
      const [asked, probed, old, fresh] = await Promise.all([
        requests.stop(),
        probes.stop(),
        early.stop(),
        late.stop(),
      ]);
      return {
        gapMs: probed.longestOutage.ms,
        sent: asked.sent,
        failed: asked.failed,
        causes: asked.causes,
        ownLatenessMs: Math.max(asked.latestBeginMs, probed.latestBeginMs),
        ...lostOf(old.held, fresh.held, brokenMs),
      };
    },
  };
}
