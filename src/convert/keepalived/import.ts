/**
 * One or two keepalived.conf as a topology that validates, and notes of everything that it does not carry. What lvsctl cannot act
 * upon (yet) is left out by asking lvsctl itself: the draft is loaded, what it refuses is taken out and told, until it refuses
 * nothing.
 */
import type { Config } from '../../config/config.ts';
import { loadTopology } from '../../config/load.ts';
import type { Problem } from '../../config/problem.ts';
import type { Address } from '../../wire/address.ts';
import { entry, type Item, map, partsAt, without } from '../draft.ts';
import { yamlText } from '../yaml-text.ts';
import { directorsSection, type GivenAddress } from './directors-section.ts';
import { gateways } from './gateways.ts';
import { keepalivedIn } from './keepalived.ts';
import { type Note, Notes } from './note.ts';
import { type Director, freeName, type Names, realserverNames, routersOf, servicesOf } from './pair.ts';
import type { Part, Tree } from './reading.ts';
import { type Include, type SourceFile, statementsOf } from './statement.ts';
import { syncGroups, vrrpSection } from './vrrp-section.ts';

export interface ImportRequest {
  /** Files with the names of their directors; null: found out from the file. */
  readonly files: readonly { readonly director: string | null; readonly file: SourceFile }[];
  readonly include: Include;
  /** Own addresses of directors that their files do not say. */
  readonly addresses: readonly GivenAddress[];
  /** Names of realservers. */
  readonly names: Names;
  /** null: not said yet. */
  readonly cluster: string | null;
  /** How passwords come into the topology. @default 'reference' */
  readonly secrets?: 'reference' | 'text';
}

export interface Imported {
  /** null: there is none; then some note is `wrong`. */
  readonly topology: { readonly text: string; readonly config: Config; readonly warnings: readonly Problem[] } | null;
  readonly notes: readonly Note[];
}

export function importKeepalived(request: ImportRequest): Imported {
  const notes = new Notes();
  const directors = directorsOf(request, notes);
  if (notes.all.some(({ kind }) => kind === 'wrong')) return { topology: null, notes: notes.all };
  const topology = acceptable(withoutEmptyServices(draftOf(directors, request, notes), notes), notes);
  return { topology, notes: notes.all };
}

/** `lb1.conf` is lb1; a file with keepalived's own name is known by its router_id. */
function directorsOf({ files, include }: ImportRequest, notes: Notes): Director[] {
  const taken = new Set(files.flatMap(({ director }) => director ?? []));
  return files.map(({ director, file }) => {
    const keepalived = keepalivedIn(statementsOf(file, include, notes), notes);
    if (director !== null) return { name: director, keepalived };
    const stem = file.name.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
    const wish = stem === 'keepalived' ? (keepalived.routerId ?? 'lb1') : stem;
    return { name: freeName(wish, 'lb1', taken), keepalived };
  });
}

function draftOf(directors: readonly Director[], request: ImportRequest, notes: Notes): Tree {
  const { names: given, cluster, secrets = 'reference' } = request;
  const routers = routersOf(directors);
  const names = realserverNames(directors, given);
  const services = servicesOf(directors, names, notes).filter((one) => !isBareMark(one, notes));
  const sections = sectionsOf(directors, notes);
  const scripts = scriptsOf(directors, notes);
  return map(
    entry('cluster', cluster ?? 'imported', null, cluster === null ? CLUSTER : null),
    entry('directors', directorsSection(directors, routers, request.addresses, notes), null, HOSTS),
    names.size === 0
      ? null
      : entry('realservers', realserversSection(names, given, gateways(directors, routers)), null, REALSERVERS),
    scripts.length === 0 ? null : entry('scripts', map(...scripts)),
    routers.length === 0 ? null : entry('vrrp', vrrpSection(routers, secrets, notes)),
    ...syncGroups(directors, routers, notes),
    ...sections,
    services.length === 0 ? null : entry('services', map(...services)),
  );
}

/** lvsctl makes the rules that mark packets itself, so it has to know which packets. */
function isBareMark({ key, draft, at }: Part, notes: Notes): boolean {
  const isBare = draft.kind === 'map' && draft.entries.some((one) => one.key === 'fwmark');
  if (isBare && at !== null)
    notes.say(
      'lost',
      at,
      `virtual_server fwmark (${key})`,
      'lvsctl makes the marking rules: write the service with `fwmark` and, under `listen`, the addresses and ports that are marked',
    );
  return isBare;
}

const CLUSTER = 'DECIDE: the name of the cluster, which managed files and locks carry.';
const HOSTS =
  'DECIDE: lvsctl reaches hosts by SSH under these names (~/.ssh/config, `ssh: { host, user }`, or an inventory with -i).';
const REALSERVERS = `${HOSTS}\nNames are made up where none were given (--name ADDRESS=NAME).`;

function realserversSection(names: Names, given: Names, via: ReadonlyMap<Address, Address>): Tree {
  return map(
    ...[...names].map(([address, name]) => {
      const gateway = via.get(address);
      const decide = [
        ...(given.has(address) ? [] : [`DECIDE: the name of ${address}.`]),
        ...(gateway === undefined ? [] : [`DECIDE: whether ${gateway} is the gateway of ${name}.`]),
      ];
      const parts = map(entry('rip', address), gateway === undefined ? null : entry('gateway', gateway));
      return entry(name, parts, null, decide.length === 0 ? null : decide.join('\n'));
    }),
  );
}

/** `sync` and `ipvs`: of the first file that has them. */
function sectionsOf(directors: readonly Director[], notes: Notes): Part[] {
  const found = new Map<string, Part>();
  for (const part of directors.flatMap(({ keepalived }) => keepalived.sections)) {
    const before = found.get(part.key);
    if (before === undefined) found.set(part.key, part);
    else if (
      JSON.stringify(before.draft, withoutPlace) !== JSON.stringify(part.draft, withoutPlace) &&
      part.at !== null
    )
      notes.say(
        'decide',
        part.at,
        part.key === 'sync' ? 'lvs_sync_daemon' : 'lvs_timeouts',
        'not the same in the other file; that of the first is taken',
      );
  }
  return [...found.values()];
}

function withoutPlace(key: string, of: unknown): unknown {
  return key === 'at' ? undefined : of;
}

function scriptsOf(directors: readonly Director[], notes: Notes): Part[] {
  const found = new Map<string, Part>();
  for (const script of directors.flatMap(({ keepalived }) => keepalived.scripts)) {
    const before = found.get(script.key);
    if (before === undefined) found.set(script.key, script);
    else if (
      JSON.stringify(before.draft, withoutPlace) !== JSON.stringify(script.draft, withoutPlace) &&
      script.at !== null
    )
      notes.say(
        'decide',
        script.at,
        `vrrp_script ${script.key}`,
        'not the same in the other file; that of the first is taken',
      );
  }
  return [...found.values()];
}

/** Without `realservers` a service would have all of them. */
function withoutEmptyServices(draft: Tree, notes: Notes): Tree {
  const services = draft.kind === 'map' ? draft.entries.find(({ key }) => key === 'services')?.draft : undefined;
  if (services?.kind !== 'map') return draft;
  const empty = services.entries.filter(
    (one) => one.draft.kind !== 'map' || !one.draft.entries.some(({ key }) => key === 'realservers'),
  );
  for (const { key, at } of empty) if (at !== null) notes.say('lost', at, `virtual_server (${key})`, NOBODY_LEFT);
  return empty.length === 0 ? draft : without(draft, new Set(empty));
}

const NOBODY_LEFT = 'no realserver of it is left';

/** Removing one thing may bring up another, but every pass removes something. */
const MOST_PASSES = 100;

function acceptable(first: Tree, notes: Notes): Imported['topology'] {
  let draft = first;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const text = `${HEADER}${yamlText(draft)}`;
    const loaded = loadTopology(text, 'topology.yaml');
    const refused =
      'problems' in loaded ? loaded.problems.filter(({ severity }) => severity === 'error') : loaded.unsupported;
    if (refused.length === 0 && !('problems' in loaded))
      return { text, config: loaded.config, warnings: loaded.warnings };
    const gone = new Set(refused.flatMap((problem) => goneFor(problem, draft, notes) ?? []));
    if (gone.size === 0) break;
    draft = withoutEmptyServices(without(draft, gone), notes);
  }
  notes.say(
    'wrong',
    { file: 'topology.yaml', line: 1 },
    'the topology',
    'nothing is left of it that lvsctl could act upon',
  );
  return null;
}

/** The part that is taken out for a problem: what is refused, or the smallest thing around it that makes sense without it. */
function goneFor(problem: Problem, draft: Tree, notes: Notes): Item | undefined {
  const parts = partsAt(draft, problem.path);
  const whole = wholeOf(problem.path);
  const part = partsAt(draft, whole).at(-1) ?? parts.at(-1);
  if (part === undefined) return undefined;
  const at = [...parts].reverse().find((one) => one.at !== null)?.at;
  if (at != null)
    notes.say(
      'lost',
      at,
      whole || problem.path,
      [problem.message, problem.expected].filter(Boolean).join('; expected '),
    );
  return part;
}

/** A check without its kind, a tracker without its weight, or a service without its listener is another one, or none. */
function wholeOf(path: string): string {
  const item = /^.*?\.(?:checks|track\.[a-z]+)\[\d+\](?=\.|$)/.exec(path)?.[0];
  return item ?? path.replace(/^(services\.[^.[]+)\.listen$/, '$1');
}

const HEADER = `# Made by \`lvsctl import\` from keepalived.conf. What that leaves out has lvsctl's defaults (\`lvsctl explain KEY\`):
# failing realservers get weight 0 instead of being removed, new ones wait for their first check, and so on.
`;
