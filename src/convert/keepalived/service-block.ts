/** `virtual_server … { … }` and the groups that it may name (keepalived.conf(5), "LVS configuration"). */
import { familyOf } from '../../wire/address.ts';
import { entry, isSame, map, values } from '../draft.ts';
import { type Timing, timingHandlers } from './check-block.ts';
import { type Listener, listenersOf } from './listener.ts';
import type { At, Notes } from './note.ts';
import { SERVICE_PASSED } from './passed-over.ts';
import {
  commandIn,
  duration,
  type Handlers,
  linesOf,
  literal,
  type Part,
  part,
  readBlock,
  type Tree,
  wholeIn,
} from './reading.ts';
import { destinationIn, type KeepalivedDestination } from './server-block.ts';
import { nameOf } from './service-name.ts';
import type { Statement } from './statement.ts';

export interface KeepalivedService {
  readonly at: At;
  /** A name that says what it is: of its group, or of its port. */
  readonly name: string;
  /** As the topology writes them, with protocol. Empty for a mark alone. */
  readonly listen: readonly string[];
  readonly mark: number | null;
  readonly parts: readonly Part[];
  readonly destinations: readonly KeepalivedDestination[];
}

interface Reading {
  readonly parts: Map<string, Part>;
  readonly quorum: Map<string, Part>;
  readonly notified: { up: Part | null; down: Part | null; user: Part | null };
  readonly servers: Statement[];
  readonly flags: Set<string>;
  timing: Timing;
  virtualhost: Part | null;
  protocol: string;
  mode: string;
  sorry: Part[];
}

export function serviceIn(
  statement: Statement,
  groups: ReadonlyMap<string, readonly Listener[]>,
  notes: Notes,
): KeepalivedService[] {
  const read: Reading = {
    ...{ parts: new Map(), quorum: new Map(), notified: { up: null, down: null, user: null } },
    ...{
      servers: [],
      flags: new Set<string>(),
      timing: {},
      virtualhost: null,
      protocol: 'tcp',
      mode: 'nat',
      sorry: [],
    },
  };
  readBlock(linesOf(statement), handlersFor(read, notes), SERVICE_PASSED, notes);
  const listeners = listenersOf(statement, groups, notes);
  const plain = listeners.filter(({ mark }) => mark === null);
  const marks = listeners.flatMap(({ mark }) => mark ?? []);
  const make = (some: readonly Listener[], mark: number | null): KeepalivedService => ({
    at: statement.at,
    name: nameOf(statement, some, read.protocol, mark),
    listen: some.map((one) => listenText(one, read.protocol)),
    mark,
    ...insideOf(read, some[0]?.port ?? null, statement.at, notes),
  });
  return [...(plain.length > 0 ? [make(plain, null)] : []), ...marks.map((mark) => make([], mark))];
}

function listenText({ address, port }: Listener, protocol: string): string {
  const host = address !== null && familyOf(address) === 6 ? `[${address}]` : address;
  return `${host}:${port}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

function insideOf(
  read: Reading,
  port: number | null,
  at: At,
  notes: Notes,
): Pick<KeepalivedService, 'parts' | 'destinations'> {
  const destinations = read.servers.flatMap((server) => destinationIn(server, read, port, notes) ?? []);
  const shared = sharedChecks(destinations);
  const { up, down, user } = read.notified;
  const notify = up === null && down === null ? null : entry('notify', map(up, down, user), at);
  const parts = [
    entry('mode', read.mode, read.parts.get('mode')?.at ?? at),
    ...['tunnel', 'scheduler', 'one_packet', 'persistence'].flatMap((key) => withFlags(key, read)),
    ...(shared === null ? [] : [entry('checks', listOf(shared, at), at)]),
    ...['start', 'on_fail'].flatMap((key) => read.parts.get(key) ?? []),
    ...(read.quorum.size > 0 ? [entry('quorum', map(...read.quorum.values()), at)] : []),
    ...(read.sorry.length > 0 ? [sorryEntry(read.sorry)] : []),
    ...(notify === null ? [] : [notify]),
  ];
  return {
    parts,
    destinations: shared === null ? destinations : destinations.map((one) => ({ ...one, checks: [] })),
  };
}

function listOf(of: readonly Tree[], at: At): Tree {
  return { kind: 'list', items: of.map((draft) => ({ draft, at })) };
}

/** What every realserver is checked by; null: they differ, or are not checked. */
function sharedChecks(destinations: readonly KeepalivedDestination[]): readonly Tree[] | null {
  const [first] = destinations;
  if (first === undefined || first.checks.length === 0) return null;
  const list = (one: KeepalivedDestination): Tree => listOf(one.checks, one.at);
  return destinations.every((one) => isSame(list(one), list(first))) ? first.checks : null;
}

function withFlags(key: string, read: Reading): Part[] {
  const found = read.parts.get(key);
  if (found === undefined || key !== 'scheduler' || read.flags.size === 0) return found === undefined ? [] : [found];
  const flags = read.flags.has('port') ? entry('flags', values(['port'], found.at), found.at) : null;
  const fallback = read.flags.has('fallback') ? entry('fallback', true, found.at) : null;
  return [{ ...found, draft: map(entry('name', found.draft, found.at), flags, fallback) }];
}

function sorryEntry(parts: readonly Part[]): Part {
  const [address] = parts;
  const at = address?.at ?? null;
  const isLocal = address?.draft.kind === 'value' && /^(127\.|::1$)/.test(String(address.draft.value));
  return entry('sorry', isLocal ? 'local' : map(...parts), at);
}

function handlersFor(read: Reading, notes: Notes): Handlers {
  const put = (key: string, draft: Tree | string | number | boolean | undefined, at: At): void => {
    if (draft !== undefined) read.parts.set(key, entry(key, draft, at));
  };
  const method = (one: Statement): void => {
    const [, how = 'NAT', ...rest] = one.words;
    read.mode = how.toLowerCase();
    put('mode', read.mode, one.at);
    const tunnel = tunnelIn(rest, one.at, notes);
    if (tunnel !== null) put('tunnel', tunnel, one.at);
  };
  const quorum = (key: string, of: (one: Statement) => Tree | number | undefined) => (one: Statement) => {
    const found = part(key, of(one), one.at);
    if (found !== null) read.quorum.set(key, found);
  };
  const scheduler = (one: Statement): void => put('scheduler', (one.words[1] ?? '').toLowerCase(), one.at);
  const flag = (name: string) => () => void read.flags.add(name);
  return {
    ...timingHandlers(read, notes),
    ...{ lb_algo: scheduler, lvs_sched: scheduler, lb_kind: method, lvs_method: method },
    ...{
      'sh-port': flag('port'),
      'mh-port': flag('port'),
      'sh-fallback': flag('fallback'),
      'mh-fallback': flag('fallback'),
    },
    ops: (one) => put('one_packet', true, one.at),
    protocol: (one) => {
      read.protocol = (one.words[1] ?? 'tcp').toLowerCase();
    },
    persistence_timeout: (one) => persistence(read, one.at, { seconds: Number(one.words[1] ?? 360) }, notes),
    persistence_granularity: (one) => persistence(read, one.at, { mask: one.words[1] ?? '' }, notes),
    virtualhost: (one) => {
      read.virtualhost = entry('host', literal(one.words[1] ?? ''), one.at);
    },
    alpha: (one) => put('start', 'down', one.at),
    inhibit_on_failure: (one) => put('on_fail', map(entry('action', 'quiesce', one.at)), one.at),
    quorum: quorum('weight', (one) => wholeIn(one, notes)),
    hysteresis: quorum('hysteresis', (one) => wholeIn(one, notes)),
    quorum_up: quorum('up', (one) => commandIn(one, notes)),
    quorum_down: quorum('down', (one) => commandIn(one, notes)),
    sorry_server: (one) => {
      const port = one.words[2] === undefined ? null : entry('port', wholeIn(one, notes, 2) ?? 0, one.at);
      read.sorry.unshift(entry('address', one.words[1] ?? '', one.at), ...(port === null ? [] : [port]));
    },
    sorry_server_inhibit: (one) => void read.sorry.push(entry('quiesce', true, one.at)),
    sorry_server_lvs_method: (one) => void read.sorry.push(entry('mode', (one.words[1] ?? '').toLowerCase(), one.at)),
    real_server: (one) => void read.servers.push(one),
  };
}

/** `type gue port 6080 nocsum`; without a word keepalived asks for no checksum (ipvs_cmd's flags are 0). */
function tunnelIn(words: readonly string[], at: At, notes: Notes): Tree | null {
  if (words[0] !== 'type') return null;
  const [, type = ''] = words;
  const port = words[words.indexOf('port') + 1];
  if (words.includes('remcsum')) notes.say('lost', at, 'remcsum', 'a checksum that the inner packet makes up for');
  return map(
    entry('type', type, at),
    words.includes('port') ? entry('port', Number(port), at) : null,
    type === 'ipip' ? null : entry('checksum', words.includes('csum'), at),
  );
}

/** The mask alone implies the default time (check_parser.c). */
function persistence(read: Reading, at: At, found: { seconds?: number; mask?: string }, notes: Notes): void {
  const before = read.parts.get('persistence')?.draft;
  const old = (key: string): Part | null =>
    (before?.kind === 'map' ? before.entries.find((one) => one.key === key) : undefined) ?? null;
  const { seconds, mask } = found;
  if (seconds !== undefined && !Number.isSafeInteger(seconds)) {
    notes.say('lost', at, 'persistence_timeout', 'a number was expected');
    return;
  }
  // It is off with 0.
  if (seconds === 0) return;
  const timeout =
    seconds === undefined
      ? (old('timeout') ?? entry('timeout', '6m', at))
      : entry('timeout', duration(seconds * 1000), at);
  const netmask = mask === undefined ? old('netmask') : entry('netmask', /^\d+$/.test(mask) ? Number(mask) : mask, at);
  read.parts.set('persistence', entry('persistence', map(timeout, netmask), at));
}
