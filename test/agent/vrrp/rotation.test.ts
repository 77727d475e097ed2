/** Another key, and signing that begins or ends, on an imagined segment: no advertisement is lost by it. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../../src/config/instance.ts';
import { agreed, protectionOf, ringFor, settled } from '../../../src/vrrp/protection.ts';
import { instance } from '../../vrrp/configuration.ts';
import { elected, hmac, type Pair } from './signers.ts';

describe('a change of protection, one director after the other', () => {
  const OTHER = `9 hex:${'a5'.repeat(32)}`;
  const CHANGES: [string, Partial<InstanceConfig>, Partial<InstanceConfig>][] = [
    ['another key', hmac(), hmac('enforce', OTHER)],
    ['another key of the same number', hmac(), hmac('enforce', `7 hex:${'a5'.repeat(32)}`)],
    ['signing begins', {}, hmac()],
    ['signing ends', hmac(), {}],
    ['from receive to enforce', hmac('receive'), hmac()],
    ['from enforce to receive', hmac(), hmac('receive')],
    ['from permissive to another key', hmac('permissive'), hmac('enforce', OTHER)],
  ];

  /** The steps of an apply, a director at a time, and what the supervisors then learn. */
  function stepsOf({ a, b }: Pair, before: Partial<InstanceConfig>, after: Partial<InstanceConfig>): (() => void)[] {
    const all = agreed(ringFor(ringFor(undefined, protectionOf(instance(before))), protectionOf(instance(after))));
    return [
      () => b.configure(after),
      () => a.configure(after),
      () => a.host.loop.protect({ public: all }),
      () => b.host.loop.protect({ public: all }),
      () => a.host.loop.protect({ public: settled(all) }),
      () => b.host.loop.protect({ public: settled(all) }),
    ];
  }

  /** a falls silent, b takes over, and when a is back both hear each other: the split brain heals. */
  function crash({ segment, a, b }: Pair): void {
    segment.lan.cut.add('a');
    segment.clock.advance(5000);
    expect(b.state).toBe('MASTER');
    segment.lan.cut.delete('a');
    segment.clock.advance(5000);
    expect([a.state, b.state]).toEqual(['MASTER', 'BACKUP']);
  }

  it.each(CHANGES)('%s: nothing is dropped, and nobody moves', (_name, before, after) => {
    const pair = elected(before);
    for (const step of stepsOf(pair, before, after)) {
      step();
      pair.segment.clock.advance(5000);
    }
    const { a, b } = pair;
    expect([a.state, b.state, b.host.transitions.length]).toEqual(['MASTER', 'BACKUP', 1]);
    expect([a.dropped, b.dropped]).toEqual([{}, {}]);
    const mode = after.hmac?.mode;
    const told = mode === undefined ? null : expect.objectContaining({ mode, agreed: true, settled: true });
    expect(b.host.says().hmac).toEqual(told);
  });

  it.each(CHANGES)('%s: at every step a dead MASTER is replaced, and heard when it is back', (_name, before, after) => {
    const pair = elected(before);
    for (const step of stepsOf(pair, before, after)) {
      step();
      pair.segment.clock.advance(2000);
      crash(pair);
    }
    expect([pair.a.dropped, pair.b.dropped]).toEqual([{}, {}]);
  });

  it('tells which key is in use, and when the former was last believed', () => {
    const { segment, b } = elected();
    b.configure(hmac('enforce', OTHER));
    segment.clock.advance(2000);
    expect(b.host.says().hmac).toMatchObject({ keyId: 9, signsWith: 7, agreed: false, settled: false });
    expect(segment.clock.wall() - (b.host.says().hmac?.formerAt ?? 0)).toBeLessThanOrEqual(1000);
  });
});
