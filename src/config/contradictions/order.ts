/**
 * Who is MASTER, and whether trackers can change it. keepalived's most asked question is a weight that never fails over;
 * here the sums are done beforehand and shown.
 */
import type { InstanceConfig, SpeakerConfig } from '../instance.ts';
import type { Context, Rule } from './rule.ts';

interface Tracker {
  readonly kind: 'interfaces' | 'scripts' | 'services' | 'files';
  readonly index: number;
  readonly name: string;
  readonly weight: number;
}

const SINGULAR = { interfaces: 'interface', scripts: 'script', services: 'service', files: 'file' } as const;

function trackersOf({ track }: InstanceConfig): Tracker[] {
  const of = (kind: Tracker['kind'], items: readonly { readonly name: string; readonly weight: number }[]) =>
    items.map(({ name, weight }, index) => ({ kind, index, name, weight }));
  return [
    ...of('interfaces', track.interfaces),
    ...of('scripts', track.scripts),
    ...of('services', track.services),
    ...of('files', track.files.map(({ path, weight }) => ({ name: path, weight }))), // biome-ignore format: one a line
  ];
}

/** Priorities move within 1–254 (RFC 9568 section 5.2.4: 0 and 255 mean something else); the owner's never moves. */
function effective(speaker: SpeakerConfig, sum: number): number {
  return speaker.priority === 255 ? 255 : Math.min(254, Math.max(1, speaker.priority + sum));
}

function trackersCount(context: Context): void {
  for (const instance of context.config.instances) {
    const weighted = trackersOf(instance).filter(({ weight }) => weight !== 0);
    for (const tracker of weighted) judge(tracker, weighted, instance, context);
  }
}

function judge(tracker: Tracker, weighted: readonly Tracker[], instance: InstanceConfig, { report }: Context): void {
  const steps = ['vrrp', instance.name, 'track', tracker.kind, tracker.index, 'weight'];
  const what = `${SINGULAR[tracker.kind]} ${tracker.name}`;
  const [top, rival] = instance.speakers;
  if (top === undefined) return;
  if (rival === undefined) {
    report(steps, `only ${top.director} takes part: the weight of ${what} never changes the order`, {
      expected: 'a second director, or weight 0 (down means FAULT)',
    });
    return;
  }
  // A positive weight is lost by failing, a negative one is added: either way failing costs |weight|.
  const bonus = weighted.reduce((sum, { weight }) => sum + Math.max(weight, 0), 0);
  const healthy = effective(top, bonus);
  const against = effective(rival, bonus);
  const loss = Math.abs(tracker.weight);
  const failing = top.priority === 255 ? 255 : Math.max(1, healthy - loss);
  const sums = `when ${what} fails on ${top.director}: ${healthy} − ${loss} = ${failing}`;
  if (!canChange(tracker, weighted, healthy, top.priority === 255 ? Number.POSITIVE_INFINITY : healthy - against)) {
    const gap = healthy - against + 1;
    report(steps, `${sums}, not below ${rival.director} with ${against}: the order never changes`, {
      expected: top.priority === 255 ? 'a priority below 255' : `a weight of at least ±${gap}, or 0 (down means FAULT)`,
    });
  } else if (!instance.preempt) {
    const message = `${sums}, below ${rival.director} with ${against}, but \`preempt\` is false: a living MASTER stays`;
    report(steps, message, { expected: 'preempt: true, or weight 0 (down means FAULT)' });
  }
}

/** Whether some set of other failing trackers leaves the order as it is, and this one failing too turns it. */
function canChange(tracker: Tracker, weighted: readonly Tracker[], healthy: number, gap: number): boolean {
  const most = healthy - 1;
  let sums = new Set([0]);
  for (const other of weighted) {
    if (other === tracker) continue;
    sums = new Set([...sums, ...[...sums].map((sum) => Math.min(most, sum + Math.abs(other.weight)))]);
  }
  return [...sums].some((sum) => sum <= gap && Math.min(most, sum + Math.abs(tracker.weight)) > gap);
}

/** All members are MASTER on one director, so the same directors must take part, and the same one be preferred. */
function groupsAgree({ config, report }: Context): void {
  const groupOf = new Map<string, string>();
  for (const { name, members } of config.syncGroups) {
    const instances = members.flatMap((member) => config.instances.filter((one) => one.name === member));
    for (const { name: member } of instances) {
      const other = groupOf.get(member);
      if (other !== undefined) report(['sync_groups', name], `instance ${member} is in group ${other} already`);
      groupOf.set(member, name);
    }
    const [first, ...others] = instances;
    for (const other of first === undefined ? [] : others) disagree(name, first, other, report);
  }
}

function disagree(
  group: string,
  first: InstanceConfig | undefined,
  other: InstanceConfig,
  report: Context['report'],
): void {
  const [left, right] = [first, other].map((one) => (one?.speakers ?? []).map(({ director }) => director));
  if (left === undefined || right === undefined || first === undefined) return;
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

export const ORDER_RULES: readonly Rule[] = [
  { needs: ['directors', 'scripts'], followsNames: true, check: trackersCount },
  { needs: ['directors', 'vrrp'], followsNames: true, check: groupsAgree },
];
