/**
 * Names that stand for something elsewhere in the file. Checked on the document as written, so that a wrong value beside a
 * wrong name hides neither.
 */
import { type Finding, inFileOrder } from './problem.ts';
import { locate, namesIn, type Raw, wrong } from './raw.ts';
import { closest } from './suggest.ts';

interface Reference {
  /** `*` is any name; lists have no step, and a mapping in a list is followed by its `name`. */
  readonly path: readonly string[];
  /** Sections in which the name may stand. */
  readonly sections: readonly string[];
  readonly noun: string;
  /** The names are the keys of a mapping. */
  readonly keys?: true;
}

const REFERENCES: readonly Reference[] = [
  { path: ['groups', '*'], sections: ['realservers'], noun: 'realserver' },
  { path: ['vrrp', '*', 'prefer'], sections: ['directors'], noun: 'director' },
  { path: ['vrrp', '*', 'priority'], sections: ['directors'], noun: 'director', keys: true },
  { path: ['vrrp', '*', 'track', 'scripts'], sections: ['scripts'], noun: 'script' },
  { path: ['vrrp', '*', 'track', 'services'], sections: ['services'], noun: 'service' },
  { path: ['sync_groups', '*'], sections: ['vrrp'], noun: 'instance' },
  { path: ['sync_groups', '*', 'members'], sections: ['vrrp'], noun: 'instance' },
  { path: ['services', '*', 'realservers'], sections: ['realservers', 'groups'], noun: 'realserver or group' },
];

/** Every name that nothing is called by, and groups that share their name with a realserver. */
export function unknownNames(root: Raw): Finding[] {
  const unknown = REFERENCES.filter(({ sections }) => !sections.some((section) => isMisspelt(section, root))).flatMap(
    (reference) => {
      const known = new Set(reference.sections.flatMap((section) => namesIn(root, section)));
      return valuesAt(root, reference.path).flatMap((raw) => check(raw, reference, known));
    },
  );
  return inFileOrder([...unknown, ...sharedNames(root)]);
}

/** The section is not there, but something close to its name is: that error is told, and its names are not unknown. */
function isMisspelt(section: string, root: Raw): boolean {
  return root.kind === 'map' && !root.entries.has(section) && closest(section, root.entries.keys()) !== null;
}

function valuesAt(raw: Raw, path: readonly string[]): Raw[] {
  const [step, ...rest] = path;
  if (step === undefined) return [raw];
  if (raw.kind !== 'map') return [];
  const children =
    step === '*' ? [...raw.entries.values()] : [raw.entries.get(step)].filter((one) => one !== undefined);
  return children.flatMap((child) => valuesAt(child, rest));
}

function check(raw: Raw, { noun, keys }: Reference, known: ReadonlySet<string>): Finding[] {
  if (keys !== undefined) {
    const entries = raw.kind === 'map' ? [...raw.entries] : [];
    return entries
      .filter(([name]) => !known.has(name))
      .map(([name, child]) => unknown({ ...child, position: child.keyPosition ?? child.position }, name, noun, known));
  }
  const items = raw.kind === 'list' ? raw.items : [];
  return items.flatMap((item) => {
    const named = item.kind === 'map' ? item.entries.get('name') : item;
    if (named?.kind !== 'scalar' || named.value === null || known.has(named.source)) return [];
    return [unknown(named, named.source, noun, known)];
  });
}

function unknown(raw: Raw, name: string, noun: string, known: ReadonlySet<string>): Finding {
  const expected = known.size === 0 ? `a ${noun} of the topology, which has none` : `one of ${[...known].join(', ')}`;
  return wrong(raw, `no ${noun} is called '${name}'`, expected, closest(name, known));
}

function sharedNames(root: Raw): Finding[] {
  const realservers = new Set(namesIn(root, 'realservers'));
  return namesIn(root, 'groups')
    .filter((group) => realservers.has(group))
    .map((group) => {
      const raw = locate(root, ['groups', group]);
      const at = { ...raw, position: raw.keyPosition ?? raw.position };
      return wrong(at, `a realserver is called '${group}' too`, 'a name of its own');
    });
}
