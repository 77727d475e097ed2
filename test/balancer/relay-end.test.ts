import { describe, expect, it } from 'vitest';
import { newStanding, type RelayNow, reasonToEnd, standingNow } from '../../src/balancer/relay-end.ts';
import type { Address } from '../../src/wire/address.ts';

const ORDER = { instance: 'public', director: 'lb1', to: '10.77.1.11' as Address, since: 1_000_000 };
const now = (afterMs: number, more: Partial<RelayNow> = {}): RelayNow => ({
  wall: ORDER.since + afterMs,
  isMaster: true,
  connections: 0,
  syncs: true,
  advertIntervalMs: 1000,
  ...more,
});

/** Looks once a second, as the agent does. @returns when and why it ends. */
function lifeOf(look: (afterMs: number) => Partial<RelayNow>): [number, string] {
  let standing = newStanding(ORDER);
  for (let afterMs = 0; afterMs <= 700_000; afterMs += 1000) {
    const current = now(afterMs, look(afterMs));
    standing = standingNow(standing, current);
    const reason = reasonToEnd(standing, current);
    if (reason !== null) return [afterMs, reason];
  }
  return [Number.POSITIVE_INFINITY, ''];
}

describe('a relay', () => {
  it.each<[string, (afterMs: number) => Partial<RelayNow>, [number, string]]>([
    ['ends when nothing has been relayed for longer than idle connections live', () => ({}), [80_000, 'nothing is relayed any more']],
    ['counts that time anew from the last connection', (ms) => ({ connections: ms < 30_000 ? 3 : 0 }), [110_000, 'nothing is relayed any more']],
    ['lasts ten minutes at most', () => ({ connections: 3 }), [600_000, 'its time is over']],
    ['lasts ten minutes without sync: an idle connection may come any time', () => ({ syncs: false }), [600_000, 'its time is over']],
    ['ends when the role has gone elsewhere', (ms) => ({ isMaster: ms < 20_000, connections: 3 }), [20_000, 'public is MASTER elsewhere']],
    ['ends when the role was not taken after all', () => ({ isMaster: false }), [15_000, 'public was not taken over']],
    ['has the patience of a slow virtual router', () => ({ isMaster: false, advertIntervalMs: 10_000 }), [60_000, 'public was not taken over']],
    ['concludes nothing from a VRRP process that does not answer', (ms) => ({ isMaster: ms < 5000 ? true : undefined, connections: 1 }), [600_000, 'its time is over']],
  ])('%s', (_name, look, ended) => {
    expect(lifeOf(look)).toEqual(ended);
  }); // biome-ignore format: a table

  it('does not outlive a clock that was set back', () => {
    expect(reasonToEnd(newStanding(ORDER), now(-61_000))).toBe('its time is over');
    expect(reasonToEnd(newStanding(ORDER), now(-1000))).toBeNull();
  });
});
