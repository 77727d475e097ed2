/** Sync groups: what their members must agree on to move as a whole. */
import type { Config } from '../config.ts';
import type { InstanceConfig } from '../instance.ts';
import type { Context, Rule } from './rule.ts';
import { trackersOf } from './tracker.ts';

/** All members are MASTER on one director, so the same directors must take part, and the same one be preferred. */
function groupsAgree({ config, report }: Context): void {
  const groupOf = new Map<string, string>();
  for (const { name, members } of config.syncGroups) {
    const instances = membersOf(config, members);
    for (const { name: member } of instances) {
      const other = groupOf.get(member);
      if (other !== undefined) report(['sync_groups', name], `instance ${member} is in group ${other} already`);
      groupOf.set(member, name);
    }
    const [first, ...others] = instances;
    if (first === undefined) continue;
    for (const other of others) disagree(name, first, other, report);
    preemptionsAgree(name, instances, report);
    weightsAgree(instances, config, report);
  }
}

function membersOf({ instances }: Config, members: readonly string[]): InstanceConfig[] {
  return members.flatMap((member) => instances.filter((one) => one.name === member));
}

function disagree(group: string, first: InstanceConfig, other: InstanceConfig, report: Context['report']): void {
  const [left = [], right = []] = [first, other].map(({ speakers }) => speakers.map(({ director }) => director));
  const order = `${first.name} has ${left.join(', ')}; ${other.name} has ${right.join(', ')}`;
  if ([...left].sort().join() !== [...right].sort().join()) {
    report(['sync_groups', group], `the members have different directors: ${order}`, {
      expected: 'the same directors in each: all members are MASTER on one of them',
    });
  } else if (left[0] !== right[0]) {
    report(['sync_groups', group], `the members prefer different directors: ${order}`, {
      expected: 'the same one first: all members are MASTER on one director',
    });
  }
}

function preemptionsAgree(group: string, members: readonly InstanceConfig[], report: Context['report']): void {
  const [does, doesNot] = [true, false].map((preempt) => members.find((one) => one.preempt === preempt)?.name);
  if (does === undefined || doesNot === undefined) return;
  const message = `${does} pre-empts and ${doesNot} does not: as they move together, the whole group pre-empts`;
  report(['sync_groups', group], message, { severity: 'warning', expected: 'the same `preempt` in each' });
}

/** A weight counts for all members, so it is one. */
function weightsAgree(members: readonly InstanceConfig[], config: Config, report: Context['report']): void {
  const seen = new Map<string, { readonly weight: number; readonly instance: string }>();
  for (const instance of members) {
    for (const { what, weight, steps } of trackersOf(instance, config)) {
      const before = seen.get(what);
      if (before !== undefined && before.weight !== weight && before.instance !== instance.name) {
        const message = `${what} has weight ${weight} here and ${before.weight} in ${before.instance} of the same sync group`;
        report([...steps, 'weight'], message, { expected: 'one weight: it counts for the whole group' });
      }
      seen.set(what, before ?? { weight, instance: instance.name });
    }
  }
}

export const GROUP_RULES: readonly Rule[] = [
  { needs: ['directors', 'vrrp', 'scripts'], followsNames: true, check: groupsAgree },
];
