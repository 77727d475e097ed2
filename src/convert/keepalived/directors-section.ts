/** `directors`: their own addresses, which keepalived.conf says only where it speaks unicast. */
import type { Address } from '../../wire/address.ts';
import { type Entry, entry, map, values } from '../draft.ts';
import type { KeepalivedInstance } from './instance-block.ts';
import type { At, Notes } from './note.ts';
import type { Director, Router } from './pair.ts';
import type { Tree } from './reading.ts';

export interface GivenAddress {
  readonly director: string;
  readonly interface: string;
  readonly address: Address;
}

/** RFC 5737: an address that nobody has, so that nothing is applied before a person has looked. */
const PLACEHOLDER = '192.0.2.';
/** RFC 3849. */
const PLACEHOLDER_V6 = '2001:db8::';

export function directorsSection(
  directors: readonly Director[],
  routers: readonly Router[],
  given: readonly GivenAddress[],
  notes: Notes,
): Tree {
  const placeholders = { count: 10 };
  return map(
    ...directors.map(({ name }) => {
      const dips = new Map<string, Set<string>>();
      const own = given.filter(({ director }) => director === name);
      const sides = routers.flatMap((router) => router.sides.filter(({ director }) => director === name));
      // In the order of the instances: VRRP speaks on the first unless an instance says otherwise.
      for (const { instance } of sides) {
        const { interface: on, source } = instance;
        if (on === null) continue;
        const known = source ?? own.find((one) => one.interface === on)?.address;
        if (known !== undefined) add(dips, on, known);
        else makeUp(name, instance, dips, placeholders, notes);
      }
      for (const one of own) add(dips, one.interface, one.address);
      if (dips.size === 0) add(dips, 'eth0', `${PLACEHOLDER}${++placeholders.count}`);
      return directorEntry(name, dips, sides[0]?.instance.at ?? null);
    }),
  );
}

function makeUp(
  name: string,
  { interface: on, family, at, name: instance }: KeepalivedInstance,
  dips: Map<string, Set<string>>,
  placeholders: { count: number },
  notes: Notes,
): void {
  if (on === null || dips.has(on)) return;
  add(dips, on, family === 4 ? `${PLACEHOLDER}${++placeholders.count}` : `${PLACEHOLDER_V6}${++placeholders.count}`);
  const why = `its own address on ${on} is not in the file: say --dip ${name}:${on}=ADDRESS`;
  notes.say('decide', at, `vrrp_instance ${instance}`, why);
}

/** @param at of its first instance: where a person looks when there is something wrong with it */
function directorEntry(name: string, dips: ReadonlyMap<string, ReadonlySet<string>>, at: At | null): Entry {
  const addresses = [...dips.values()].flatMap((all) => [...all]);
  const isMadeUp = addresses.some((one) => one.startsWith(PLACEHOLDER) || one.startsWith(PLACEHOLDER_V6));
  const comment = isMadeUp
    ? `DECIDE: ${name}'s own addresses; those that begin with ${PLACEHOLDER} or ${PLACEHOLDER_V6} are placeholders.`
    : null;
  const dip = [...dips].map(([on, all]) => entry(on, all.size === 1 ? ([...all][0] ?? '') : values([...all], null)));
  return entry(name, map(entry('dip', map(...dip))), at, comment);
}

function add(dips: Map<string, Set<string>>, on: string, address: string): void {
  dips.set(on, new Set([...(dips.get(on) ?? []), address]));
}
