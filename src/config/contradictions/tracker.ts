/** Trackers of an instance with where they stand, and those that say the same whatever happens. */
import type { Config } from '../config.ts';
import { companionsOf } from '../group.ts';
import type { InstanceConfig } from '../instance.ts';
import type { Step } from '../raw.ts';
import type { Context, Rule } from './rule.ts';

export interface Tracker {
  readonly kind: 'interfaces' | 'scripts' | 'services' | 'files';
  readonly name: string;
  readonly weight: number;
  /** `script nginx` */
  readonly what: string;
  /** What happens when it goes down: `fails`. */
  readonly fails: string;
  /** Where it stands. */
  readonly steps: readonly Step[];
}

const SINGULAR = { interfaces: 'interface', scripts: 'script', services: 'service', files: 'file' } as const;

export function trackersOf({ name: instance, track }: InstanceConfig, { scripts }: Config): Tracker[] {
  const of = (kind: Tracker['kind'], items: readonly { readonly name: string; readonly weight: number }[]) =>
    items.map(({ name, weight }, index) => ({
      kind,
      name,
      weight,
      what: `${SINGULAR[kind]} ${name}`,
      fails: failing(kind, scripts.find((script) => script.name === name)?.reverse ?? false),
      steps: ['vrrp', instance, 'track', kind, index],
    }));
  return [
    ...of('interfaces', track.interfaces),
    ...of('scripts', track.scripts),
    ...of('services', track.services),
    ...of('files', track.files.map(({ path, weight }) => ({ name: path, weight }))), // biome-ignore format: one a line
  ];
}

function failing(kind: Tracker['kind'], isReversed: boolean): string {
  if (kind === 'interfaces') return 'goes down';
  if (kind === 'files') return 'appears';
  return isReversed && kind === 'scripts' ? 'passes' : 'fails';
}

/** Why it is down whatever happens, or undefined. */
export function alwaysDown(tracker: Tracker, { scripts, services }: Config): string | undefined {
  const script = tracker.kind === 'scripts' ? scripts.find(({ name }) => name === tracker.name) : undefined;
  const program = script?.run[0] ?? '';
  if (script?.reverse && program.endsWith('/true'))
    return `${program} always succeeds, and \`reverse\` makes that down`;
  if (script?.reverse === false && program.endsWith('/false')) return `${program} always fails`;
  const service = tracker.kind === 'services' ? services.find(({ name }) => name === tracker.name) : undefined;
  const weight = service?.realservers.reduce((sum, one) => sum + one.weight, 0) ?? 0;
  if (service === undefined || weight >= service.quorum.weight) return undefined;
  return `all its realservers together weigh ${weight}, and it needs ${service.quorum.weight}`;
}

function trackersTell({ config, report }: Context): void {
  for (const instance of config.instances) {
    const seen = new Set<string>();
    for (const tracker of trackersOf(instance, config)) {
      if (seen.has(tracker.what))
        report(tracker.steps, `${tracker.what} stands here twice: its weight would count twice`);
      seen.add(tracker.what);
      const [top] = instance.speakers;
      const why = alwaysDown(tracker, config);
      if (why !== undefined) {
        const comes = tracker.weight === 0 ? 'in FAULT for ever' : lowered(tracker.weight, top?.priority ?? 0);
        report(tracker.steps, `${tracker.what} is always down: ${why}; ${top?.director ?? 'everyone'} is ${comes}`);
      }
      neverDown(tracker, { config, report });
      oftenUnknown(tracker, { config, report });
    }
  }
}

function lowered(weight: number, priority: number): string {
  if (weight > 0) return `at ${priority} even when all is well, never at ${priority} + ${weight}`;
  return `at ${priority} − ${-weight} = ${Math.max(1, priority + weight)} even when all is well`;
}

/** A realserver without checks is always up. */
function neverDown({ kind, name, what, steps }: Tracker, { config, report }: Pick<Context, 'config' | 'report'>): void {
  const service = kind === 'services' ? config.services.find((one) => one.name === name) : undefined;
  if (service === undefined) return;
  const unchecked = service.realservers.filter(({ checks }) => checks.length === 0);
  const weight = unchecked.reduce((sum, one) => sum + one.weight, 0);
  if (weight < service.quorum.weight) return;
  const message = `${what} is never down: realservers without checks are always up, and ${unchecked.map((one) => one.name).join(', ')} weigh ${weight} of the ${service.quorum.weight} that it needs`;
  report(steps, message, { expected: 'checks for its realservers' });
}

/** Whoever yields because of it knows nothing new of it until it is MASTER again. */
function oftenUnknown(
  { kind, name, what, steps }: Tracker,
  { config, report }: Pick<Context, 'config' | 'report'>,
): void {
  const service = kind === 'services' ? config.services.find((one) => one.name === name) : undefined;
  if (service?.onlyWhenMaster !== true) return;
  const message = `${what} is checked by the MASTER alone (only_when_master): on a BACKUP it stays as it was last known there`;
  report(steps, message, { severity: 'warning' });
}

/** The link on which an instance speaks is a condition already; in a sync group, so is that of each member. */
function ownInterfaces({ config, report }: Context): void {
  for (const instance of config.instances) {
    for (const { kind, name, weight, what, steps } of trackersOf(instance, config)) {
      if (kind !== 'interfaces' || weight === 0) continue;
      const fault = 'is always tracked: down it means FAULT, and a weight never counts';
      const hint = { expected: 'weight 0, or an interface on which it does not speak' };
      if (speaksOn(instance, name)) {
        report([...steps, 'weight'], `${what}, on which ${instance.name} speaks, ${fault}`, hint);
        continue;
      }
      const other = companionsOf(config, instance).find((one) => speaksOn(one, name));
      if (other === undefined) continue;
      const message = `${what}, on which ${other.name} of the same sync group speaks, ${fault}`;
      report([...steps, 'weight'], message, { severity: 'warning' });
    }
  }
}

/** Every director of it does. */
function speaksOn({ speakers }: InstanceConfig, name: string): boolean {
  return speakers.length > 0 && speakers.every((speaker) => speaker.interface === name);
}

/** Realservers are the same for all directors: what is down for one is down for all. */
function faultsAreOneSided({ config, report }: Context): void {
  for (const instance of config.instances) {
    for (const { kind, weight, what, steps } of trackersOf(instance, config)) {
      if (kind !== 'services' || weight !== 0) continue;
      const message = `when ${what} fails it mostly does for every director: all are in FAULT then, and nobody holds ${instance.vips.map(({ address }) => address).join(', ')}`;
      const hint = 'a weight: where all are lowered alike, the order stays';
      report(steps, message, { severity: 'warning', expected: hint });
    }
  }
}

export const TRACKER_RULES: readonly Rule[] = [
  { needs: ['scripts', 'services', 'realservers', 'groups'], followsNames: true, check: trackersTell },
  { needs: ['directors', 'sync_groups'], followsNames: true, check: ownInterfaces },
  { needs: [], followsNames: true, check: faultsAreOneSided },
];
