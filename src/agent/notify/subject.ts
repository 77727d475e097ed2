/** What notify commands and alerts speak of: an instance, or a sync group as a whole, and the states that are told. Pure. */
import type { Config } from '../../config/config.ts';
import type { NotifyConfig } from '../../config/instance.ts';

/** keepalived's words; STOP is a virtual router that has ended on this director. UP and DOWN are what services tell. */
export type Told = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'UP' | 'DOWN';

export interface Subject {
  readonly type: 'INSTANCE' | 'GROUP';
  readonly name: string;
  /** The instances whose states make its own. */
  readonly members: readonly string[];
  readonly vips: readonly string[];
  readonly notify: NotifyConfig;
  readonly alert: boolean;
}

export function subjectKey({ type, name }: { readonly type: string; readonly name: string }): string {
  return `${type} ${name}`;
}

/** Instances in which this director takes part, and the groups that have one of them. */
export function subjectsOf({ instances, syncGroups }: Config, self: string): Subject[] {
  const own = instances.filter(({ speakers }) => speakers.some(({ director }) => director === self));
  const vipsOf = (names: readonly string[]): string[] =>
    own
      .filter(({ name }) => names.includes(name))
      .flatMap(({ vips, extraVips }) => [...vips, ...extraVips].map(({ address }) => address));
  const single = own.map(({ name, notify, alert }): Subject => {
    const members = [name];
    return { type: 'INSTANCE', name, members, vips: vipsOf(members), notify, alert };
  });
  const groups = syncGroups.flatMap(({ name, members: all, notify, alert }): Subject[] => {
    const members = all.filter((member) => own.some((instance) => instance.name === member));
    return members.length === 0 ? [] : [{ type: 'GROUP', name, members, vips: vipsOf(members), notify, alert }];
  });
  return [...single, ...groups];
}

/** undefined: a state that is passed through, or one of another release. */
export function toldState(state: string): Told | undefined {
  if (state === 'INIT') return 'STOP';
  return state === 'MASTER' || state === 'BACKUP' || state === 'FAULT' ? state : undefined;
}

/**
 * Members move one after the other within one turn of the VRRP process: in between, the group must not seem to be what it is
 * not. It stops with the first member that stops, faults with the first that faults, and is MASTER with the last.
 */
export function groupState(members: readonly (Told | undefined)[]): Told | undefined {
  if (members.some((state) => state === undefined)) return undefined;
  if (members.includes('STOP')) return 'STOP';
  if (members.includes('FAULT')) return 'FAULT';
  return members.every((state) => state === 'MASTER') ? 'MASTER' : 'BACKUP';
}
