/** Connection sync over a crash: what the other director knows when the MASTER loses its power without a word. */
import { beforeAll, expect, inject, it } from 'vitest';
import { powerOff, powerOn } from '../../vm-lab/faults.ts';
import type { HeldConnection } from '../../vm-lab/load/grip.ts';
import { startHeld } from '../../vm-lab/traffic.ts';
import { apply, holders, lvsctl, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

/** Fresh: connections of clients that other tests have killed would be waited for. */
const lab = labForTests({ fresh: true });
const VIP = '10.77.1.100';
const URL = `http://${VIP}/`;
const CONNECTIONS = 50;
const DOWNLOADS = 10;
/** The last ones are opened in the moment of the crash. */
const SPACING_MS = 150;
/** A request that waits while nobody holds the VIP, and is sent again as TCP does. */
const PATIENCE_MS = 40_000;
/**
 * The kernel tells of a connection at its second packet from the client, and holds a message that is not full for two
 * seconds (ip_vs_sync.c, IPVS_SYNC_FLUSH_TIME); a busy machine is a little late.
 */
const SYNCED_MS = 3_000;
/** Of those: what tells of them are datagrams, which nobody repeats while a connection is idle. Without sync all are lost. */
const MOST_LOST = 0.1;

beforeAll(async () => {
  await apply(lab(), 'dr');
});

const AGES = [1_000, 2_000, SYNCED_MS, Number.POSITIVE_INFINITY] as const;

/** `up to 1 s: 2 of 7 lost, …`, by the age at a moment. */
function lostByAge(held: readonly HeldConnection[], nowMs: number): { words: string; lostShare: number } {
  const rows = AGES.map((most, index) => {
    const least = AGES[index - 1] ?? 0;
    const those = held.filter(({ openedMs }) => nowMs - openedMs >= least && nowMs - openedMs < most);
    return { most, of: those.length, lost: those.filter(({ cut }) => cut !== undefined).length };
  });
  const words = rows.map(
    ({ most, of, lost }) =>
      `${most === Number.POSITIVE_INFINITY ? 'older' : `up to ${most / 1000} s`}: ${lost} of ${of} lost`,
  );
  const { lost, of } = rows.at(-1) ?? { lost: 0, of: 0 };
  return { words: words.join(', '), lostShare: lost / of };
}

// the full counts do it both ways
it.each(inject('soak') ? [1, 2] : [1])(
  'idle connections and downloads go on over a crash of the MASTER (%i)',
  async () => {
    await eventually(
      async () => ({
        owners: await holders(lab(), VIP),
        status: (await lvsctl(lab(), ['status', topology('dr')])).stdout,
      }),
      ({ owners, status }) => owners.length === 1 && /BACKUP/.test(status) && !/waits for|! /.test(status),
      60_000,
    );
    const [master = 'lb1'] = await holders(lab(), VIP);
    const plan = { patienceMs: PATIENCE_MS, freshSource: true };
    const downloads = startHeld(lab(), URL, { ...plan, connections: 0, downloads: DOWNLOADS });
    await downloads.until(
      ({ held }) => held.length === DOWNLOADS && held.every(({ received }) => received > 1_000_000),
      60_000,
    );
    // idle: each asks once when it is opened, and again only to prove itself
    const idle = startHeld(lab(), URL, { ...plan, connections: CONNECTIONS, spacingMs: SPACING_MS, everyMs: 0 });
    await idle.until(({ held }) => held.length === CONNECTIONS, 60_000);
    const crashedMs = Date.now();
    await powerOff(lab(), master);
    await eventually(
      () => holders(lab(), VIP, [master === 'lb1' ? 'lb2' : 'lb1']),
      (owners) => owners.length === 1,
      30_000,
    );
    const [connections, running] = await Promise.all([idle.stop(), downloads.stop()]);
    const { words, lostShare } = lostByAge(connections.held, crashedMs);
    console.log(`idle connections ${words}; downloads: ${running.cutDownloads} of ${DOWNLOADS} lost`);
    expect(connections.held.filter(({ received }) => received === 0)).toEqual([]);
    expect(running.cutDownloads).toBe(0);
    expect(lostShare).toBeLessThanOrEqual(MOST_LOST);
    await powerOn(lab(), master);
  },
);
