/** Gratuitous ARP, in `vrrp_instance` and, with `vrrp_` before the names, in `global_defs`. */
import { entry, map } from '../draft.ts';
import type { At, Notes } from './note.ts';
import { duration, type Handlers, type Part, secondsIn, wholeIn } from './reading.ts';
import type { Statement } from './statement.ts';

/** Key of the topology → its part. `count` and `again` are one number of keepalived's. */
export type GarpSettings = Readonly<Record<string, Part>>;

export function garpHandlers(
  prefix: 'garp_' | 'vrrp_garp_',
  current: () => GarpSettings,
  set: (settings: GarpSettings) => void,
  notes: Notes,
): Handlers {
  const put = (at: At, ...pairs: (readonly [key: string, value: string | number])[]): void =>
    set({ ...current(), ...Object.fromEntries(pairs.map(([key, value]) => [key, entry(key, value, at)])) });
  const time = (key: string) => (statement: Statement) => {
    const ms = secondsIn(statement, notes);
    if (ms !== undefined) put(statement.at, [key, duration(ms)]);
  };
  const count =
    (...keys: string[]) =>
    (statement: Statement) => {
      const number = wholeIn(statement, notes);
      if (number !== undefined) put(statement.at, ...keys.map((key) => [key, number] as const));
    };
  return {
    [`${prefix}master_delay`]: time('again_after'),
    [`${prefix}master_repeat`]: count('count', 'again'),
    [`${prefix}master_refresh`]: time('refresh'),
    [`${prefix}master_refresh_repeat`]: count('refresh_count'),
    [`${prefix}lower_prio_delay`]: time('lower_after'),
    [`${prefix}lower_prio_repeat`]: count('lower_count'),
    [`${prefix}interval`]: time('interval'),
  };
}

export function garpEntry(settings: GarpSettings): Part[] {
  const plain = ['count', 'again_after', 'again', 'refresh', 'refresh_count', 'interval'];
  const parts = plain.flatMap((key) => settings[key] ?? []);
  const lower = [
    ['count', 'lower_count'],
    ['after', 'lower_after'],
  ].flatMap(([key = '', from = '']) => {
    const setting = settings[from];
    return setting === undefined ? [] : [{ ...setting, key }];
  });
  const all = lower.length === 0 ? parts : [...parts, entry('lower_priority', map(...lower), lower[0]?.at ?? null)];
  return all.length === 0 ? [] : [entry('garp', map(...all), all[0]?.at ?? null)];
}
