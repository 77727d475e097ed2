import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Balancing } from '../../src/agent/balancing.ts';
import { Journal } from '../../src/agent/journal.ts';
import { OverrideStore } from '../../src/agent/override-store.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';
import { FakeFirewall } from '../../src/kernel/fake-firewall.ts';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import { storedConfig, webTopology } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'lvs-balancing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('mends within a second what somebody else has done to the table, and says so', async () => {
  const clock = new FakeClock();
  const ipvs = new FakeIpvs();
  const lines: string[] = [];
  let compared = 0;
  const journal = new Journal(
    (line) => lines.push(line),
    () => clock.wall(),
  );
  const balancing = new Balancing({
    ...{ clock, ipvs, journal, firewall: new FakeFirewall(), random: () => 0.5 },
    probeOf: () => () => new Promise(() => {}),
    overrides: new OverrideStore({ folder, journal, wall: () => clock.wall() }),
    ownershipPath: join(folder, 'ownership.json'),
    leasesPath: join(folder, 'probe-paths.json'),
    policy: { toldQuorum: () => 'unknown', onNews: () => {}, onLook: () => {} },
    relays: () => ({ services: [], markings: [] }),
    onVerdict: () => {},
    onCompared: () => {
      compared += 1;
    },
  });
  await balancing.start(storedConfig(webTopology({ ports: [80, 80] })));
  // at the start, and in the first turn
  await expect.poll(() => compared).toBe(2);
  const wanted = await ipvs.read();
  expect(wanted).toHaveLength(1);
  await ipvs.flush();
  clock.advance(999);
  await expect.poll(() => ipvs.read()).toEqual(wanted);
  expect(lines.join('\n')).toContain('something else has changed the table');
  await balancing.stop(false);
});
