/** Two and three directors with seeded faults: whatever happens, afterwards exactly one is MASTER, soon. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { masterDownMs } from '../../../src/vrrp/intervals.ts';
import { address, configuration, instance } from '../../vrrp/configuration.ts';
import { type Host, Segment } from './segment.ts';

/** Ten thousand runs take minutes. */
const SOAK_MS = 900_000;
const NAMES = ['a', 'b', 'c'] as const;
const speakers = NAMES.map((director, index) => ({
  director,
  interface: 'eth1',
  source: address(`10.9.0.${index + 1}`),
  priority: 110 - index * 10,
}));

const FAULTS = {
  cut: (segment: Segment, _host: Host, name: string) => segment.lan.cut.add(name),
  heal: (segment: Segment, _host: Host, name: string) => segment.lan.cut.delete(name),
  'link down': (_segment: Segment, host: Host) => host.kernel.setLink({ index: 2, name: 'eth1', running: false }),
  'link up': (_segment: Segment, host: Host) => host.kernel.setLink({ index: 2, name: 'eth1' }),
  yield: (_segment: Segment, host: Host) => host.loop.take({ type: 'yield', instance: 'public' }),
  delete: (_segment: Segment, host: Host) =>
    host.kernel.remove({ interface: 'eth1', address: address('10.9.0.100'), prefixLength: 32 }),
} as const;

const fault = fc.record({
  host: fc.constantFrom(...NAMES),
  kind: fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])),
  afterMs: fc.integer({ min: 0, max: 6000 }),
});

describe.each([2, 3])('%i directors', (count) => {
  it.each([false, true])(
    'have one MASTER within master_down and an interval after the faults end (preempt: %s)',
    (preempt) => {
      fc.assert(
        fc.property(fc.array(fault, { maxLength: 12 }), (faults) => {
          const config = configuration([instance({ preempt, speakers: speakers.slice(0, count) })]);
          const segment = new Segment();
          const hosts = NAMES.slice(0, count).map((name, index) => segment.host(name, `10.9.0.${index + 1}`, config));
          for (const one of faults) {
            segment.clock.advance(one.afterMs);
            const host = hosts[NAMES.indexOf(one.host)];
            if (host !== undefined) FAULTS[one.kind](segment, host, one.host);
          }
          segment.lan.cut.clear();
          for (const host of hosts) host.kernel.setLink({ index: 2, name: 'eth1' });
          segment.clock.advance(masterDownMs(3, 90, 1000) + 1000);
          expect(hosts.filter((host) => host.says().state === 'MASTER').length).toBe(1);
          expect(hosts.filter((host) => host.has('10.9.0.100')).length).toBe(1);
        }),
      );
    },
    SOAK_MS,
  );
});
