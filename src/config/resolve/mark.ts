/** Firewall marks: those written, and a free one for each `auto`. */
import { nameHash } from '../name-hash.ts';
import type { RawTopology } from '../schema/topology.ts';

/** Marks for `auto` begin here: small numbers are what people write by hand. */
const FIRST_AUTO_MARK = 0x4c000001;
const AUTO_MARKS = 0x40000;

/**
 * Service → mark. `auto` depends on the service's name only (FNV-1a), then on what is taken, so that adding a service does
 * not move the marks of the others.
 */
export function marksOf(top: RawTopology): ReadonlyMap<string, number> {
  const marks = new Map<string, number>();
  const taken = new Set<number>();
  for (const [name, { fwmark }] of top.services) {
    if (typeof fwmark !== 'number') continue;
    marks.set(name, fwmark);
    taken.add(fwmark);
  }
  const automatic = top.services.filter(([, { fwmark }]) => fwmark === 'auto').map(([name]) => name);
  for (const name of automatic.sort()) {
    let mark = FIRST_AUTO_MARK + (nameHash(name) % AUTO_MARKS);
    while (taken.has(mark) || isProbeMark(mark, top.ipvs.probe_marks)) {
      // Within the window there is always a free one: there are fewer services than marks.
      mark = mark + 1 < FIRST_AUTO_MARK + AUTO_MARKS ? mark + 1 : FIRST_AUTO_MARK;
    }
    marks.set(name, mark);
    taken.add(mark);
  }
  return marks;
}

export function isProbeMark(mark: number, range: RawTopology['ipvs']['probe_marks']): boolean {
  return mark >= range.base && mark < range.base + 2 ** (32 - range.prefixLength);
}
