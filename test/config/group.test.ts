import { describe, expect, it } from 'vitest';
import { inGroup } from '../../src/config/group.ts';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { configuration, instance } from '../vrrp/configuration.ts';

const scripts = (...weights: readonly [string, number][]): InstanceConfig['track'] => ({
  interfaces: [],
  scripts: weights.map(([name, weight]) => ({ name, weight })),
  services: [],
  files: [],
});

/** The first of the group as it acts within it. */
function first(...members: readonly Partial<InstanceConfig>[]): InstanceConfig {
  const instances = members.map((more, index) => instance({ name: `i${index}`, ...more }));
  const group = { name: 'g', members: instances.map(({ name }) => name), notify: instances[0]!.notify, alert: false };
  const config = configuration([...instances, instance({ name: 'other', track: scripts(['z', -9]) })], {
    syncGroups: [group],
  });
  return inGroup(config, instances[0]!);
}

describe('an instance in a sync group', () => {
  it('is as it is where there is no other member', () => {
    const alone = instance({ track: scripts(['x', -5]) });
    expect(inGroup(configuration([alone]), alone)).toBe(alone);
    expect(first({ track: scripts(['x', -5]) }).track.scripts).toEqual([{ name: 'x', weight: -5 }]);
  });

  it('has the weights of the others after its own, each once; faults are shared anyway', () => {
    const { track } = first(
      { track: scripts(['x', -5]) },
      { track: scripts(['x', -5], ['y', -6], ['f', 0]) },
      { track: scripts(['y', -6]) },
    );
    expect(track.scripts).toEqual([
      { name: 'x', weight: -5 },
      { name: 'y', weight: -6 },
    ]);
  });

  it.each<[string, Partial<InstanceConfig>[], boolean, number]>([
    ['nobody pre-empts', [{ preemptDelayMs: 1 }, { preemptDelayMs: 2 }], false, 1],
    ['one does', [{ preemptDelayMs: 9 }, { preempt: true, preemptDelayMs: 2 }], true, 2],
    [
      'both do',
      [
        { preempt: true, preemptDelayMs: 9 },
        { preempt: true, preemptDelayMs: 2 },
      ],
      true,
      9,
    ],
  ])('%s', (_name, members, preempt, preemptDelayMs) => {
    expect(first(...members)).toMatchObject({ preempt, preemptDelayMs });
  });
});
