/** Two directors' files as one cluster: what is the same, what is each one's own, and where they contradict each other. */
import type { Address } from '../../wire/address.ts';
import { type Draft, type Entry, entry, isSame, map, value } from '../draft.ts';
import type { KeepalivedInstance } from './instance-block.ts';
import type { Keepalived } from './keepalived.ts';
import { atText, type Notes } from './note.ts';
import type { Part, Tree } from './reading.ts';

export interface Director {
  readonly name: string;
  readonly keepalived: Keepalived;
}

/** A virtual router with what each director says of it. */
export interface Router {
  readonly name: string;
  readonly sides: readonly { readonly director: string; readonly instance: KeepalivedInstance }[];
}

/** Virtual routers are told apart by VRID and family; where a file has the same twice, by interface too. */
export function routersOf(directors: readonly Director[]): Router[] {
  const sides = directors.flatMap(({ name, keepalived }) =>
    keepalived.instances.map((instance) => ({ director: name, instance })),
  );
  const routers: Router[] = [];
  const taken = new Set<string>();
  for (const side of sides) {
    const { instance, director } = side;
    const known = routers.find(
      (one) =>
        one.sides[0]?.instance.vrid === instance.vrid &&
        one.sides[0].instance.family === instance.family &&
        !one.sides.some((other) => other.director === director) &&
        isSegment(one.sides[0].instance, instance, directors),
    );
    if (known === undefined) routers.push({ name: freeName(instance.name, 'router', taken), sides: [side] });
    else (known.sides as (typeof side)[]).push(side);
  }
  return routers;
}

/** One VRID on two interfaces of a director is two routers; otherwise the names of interfaces may differ from host to host. */
function isSegment(one: KeepalivedInstance, other: KeepalivedInstance, directors: readonly Director[]): boolean {
  const isDouble = directors.some(
    ({ keepalived }) =>
      keepalived.instances.filter(({ vrid, family }) => vrid === one.vrid && family === one.family).length > 1,
  );
  return !isDouble || one.interface === other.interface;
}

/** Letters, digits, `_` and `-`, once. */
export function freeName(wish: string, fallback: string, taken: Set<string>): string {
  const clean =
    wish
      .replaceAll(/[^A-Za-z0-9_-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 56) || fallback;
  for (let count = 1; ; count++) {
    const name = count === 1 ? clean : `${clean}-${count}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

export function preferred({ sides }: Router): Router['sides'][number] | undefined {
  return [...sides].sort((a, b) => b.instance.priority - a.instance.priority)[0];
}

/** Parts of several files, by key; where they differ the first one's count, and a person is told. */
export function agreed(sides: readonly (readonly Part[])[], what: string, notes: Notes): Part[] {
  const [first = [], ...others] = sides;
  for (const other of others) {
    for (const mine of first) {
      const theirs = other.find(({ key }) => key === mine.key);
      if (theirs !== undefined && isSame(mine.draft, theirs.draft)) continue;
      differ(mine, theirs, what, notes);
    }
    for (const theirs of other.filter(({ key }) => !first.some((mine) => mine.key === key)))
      differ(theirs, undefined, what, notes);
  }
  return [...first];
}

function differ(one: Part, other: Part | undefined, what: string, notes: Notes): void {
  if (one.at === null) return;
  const where = other?.at ? `not the same as in ${atText(other.at)}` : 'not in the other file';
  notes.say('decide', one.at, `${one.key} of ${what}`, `${where}; the topology has one value for both`);
}

/** Address → name of the realserver. */
export type Names = ReadonlyMap<Address, string>;

/** In the order in which they are met: web1 … are names that a person may have given. */
export function realserverNames(directors: readonly Director[], given: Names): Map<Address, string> {
  const names = new Map<Address, string>();
  const taken = new Set([...given.values(), ...directors.map(({ name }) => name)]);
  const all = directors.flatMap(({ keepalived }) => keepalived.services.flatMap(({ destinations }) => destinations));
  let count = 0;
  for (const { address } of all) {
    if (names.has(address)) continue;
    const name = given.get(address);
    if (name !== undefined) names.set(address, name);
    else {
      while (taken.has(`rs${++count}`));
      names.set(address, `rs${count}`);
    }
  }
  return names;
}

/** The services of all files; those that listen on the same are one. */
export function servicesOf(directors: readonly Director[], names: Names, notes: Notes): Entry[] {
  const found = new Map<string, Keepalived['services'][number][]>();
  for (const { keepalived } of directors) {
    for (const service of keepalived.services) {
      const key = service.mark === null ? service.listen.join() : `mark ${service.mark}`;
      found.set(key, [...(found.get(key) ?? []), service]);
    }
  }
  const taken = new Set<string>();
  return [...found.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const name = freeName(first.name, 'service', taken);
    if (directors.length > 1 && same.length === 1)
      notes.say('decide', first.at, `virtual_server (${name})`, 'not in the other file; the topology has it on both');
    const inside = same.map((service) => {
      const uses = usesOf(service, names);
      return service.destinations.length === 0
        ? service.parts
        : [...service.parts, entry('realservers', uses, service.at)];
    });
    const parts = agreed(inside, name, notes);
    const order = ['mode', 'tunnel', 'scheduler', 'one_packet', 'persistence', 'realservers'];
    const place = ({ key }: Part): number => (order.indexOf(key) + order.length + 1) % (order.length + 1);
    const mark = first.mark === null ? null : entry('fwmark', first.mark, first.at);
    return [entry(name, map(listenEntry(first), mark, ...parts.sort((a, b) => place(a) - place(b))), first.at)];
  });
}

function listenEntry({ listen, at }: Keepalived['services'][number]): Part {
  const [only, ...more] = listen;
  const list: Tree = { kind: 'list', items: listen.map((one) => ({ draft: value(one), at })) };
  return entry('listen', more.length === 0 && only !== undefined ? only : list, at);
}

function usesOf({ destinations }: Keepalived['services'][number], names: Names): Draft {
  return {
    kind: 'list',
    items: destinations.map(({ at, address, parts, checks }) => {
      const name = names.get(address) ?? address;
      const list: Tree = { kind: 'list', items: checks.map((draft) => ({ draft, at })) };
      const more = [...parts, ...(checks.length > 0 ? [entry('checks', list, at)] : [])];
      return { at, draft: more.length === 0 ? value(name) : map(entry('name', name, at), ...more) };
    }),
  };
}
