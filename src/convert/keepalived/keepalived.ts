/** A whole keepalived.conf in the topology's words, with notes of what it says besides. */
import { entry, map } from '../draft.ts';
import { type GarpSettings, garpHandlers } from './garp.ts';
import { type InstanceDefaults, instanceIn, type KeepalivedInstance } from './instance-block.ts';
import { groupIn, type Listener } from './listener.ts';
import type { Notes } from './note.ts';
import { type Notified, notifyEntry, notifyHandlers, takeUser } from './notify.ts';
import { GLOBAL_PASSED, GROUP_PASSED, TOP_PASSED } from './passed-over.ts';
import { addressIn, duration, type Handlers, linesOf, type Part, readBlock, type Tree, wholeIn } from './reading.ts';
import { type KeepalivedService, serviceIn } from './service-block.ts';
import type { Statement } from './statement.ts';
import { scriptIn } from './track.ts';

export interface Keepalived {
  readonly routerId: string | null;
  readonly instances: readonly KeepalivedInstance[];
  /** Sync groups; their members are names of instances in this file. */
  readonly groups: readonly { readonly name: string; readonly members: readonly string[]; readonly part: Part }[];
  readonly scripts: readonly Part[];
  /** `sync` and `ipvs`. */
  readonly sections: readonly Part[];
  readonly services: readonly KeepalivedService[];
}

interface Globals {
  routerId: string | null;
  version: 2 | 3;
  garp: GarpSettings;
  user: Part | null;
  readonly group: { 4: Part | null; 6: Part | null };
  readonly sections: Part[];
}

export function keepalivedIn(statements: readonly Statement[], notes: Notes): Keepalived {
  const globals: Globals = {
    routerId: null,
    version: 2,
    garp: {},
    user: null,
    group: { 4: null, 6: null },
    sections: [],
  };
  const named = (keyword: string): readonly Statement[] => statements.filter(({ words }) => words[0] === keyword);
  // In the order in which they depend on each other, whatever the order in the file.
  for (const block of named('global_defs'))
    readBlock(linesOf(block), globalHandlers(globals, notes), GLOBAL_PASSED, notes);
  const groups = new Map<string, Listener[]>();
  for (const block of named('virtual_server_group')) groups.set(block.words[1] ?? '', groupIn(block, notes));
  const defaults: InstanceDefaults = { version: globals.version, group: globals.group, garp: globals.garp };
  const known = new Set([
    'global_defs',
    'virtual_server_group',
    'vrrp_instance',
    'vrrp_sync_group',
    'vrrp_script',
    'virtual_server',
  ]);
  readBlock(
    statements.filter(({ words }) => !known.has(words[0] ?? '')),
    {},
    TOP_PASSED,
    notes,
  );
  return {
    routerId: globals.routerId,
    instances: named('vrrp_instance').flatMap((block) => instanceIn(block, defaults, notes) ?? []),
    groups: named('vrrp_sync_group').map((block) => syncGroupIn(block, notes)),
    scripts: named('vrrp_script').map((block) => scriptIn(block, globals.user, notes)),
    sections: globals.sections,
    services: named('virtual_server').flatMap((block) => serviceIn(block, groups, notes)),
  };
}

function globalHandlers(globals: Globals, notes: Notes): Handlers {
  const multicast = (family: 4 | 6) => (one: Statement) => {
    const address = addressIn(one, notes);
    if (address !== undefined) globals.group[family] = entry('multicast_group', address, one.at);
  };
  return {
    router_id: ({ words }) => {
      globals.routerId = words[1] ?? null;
    },
    vrrp_version: (one) => {
      globals.version = wholeIn(one, notes) === 3 ? 3 : 2;
    },
    ...{ vrrp_mcast_group4: multicast(4), vrrp_mcast_group6: multicast(6) },
    script_user: (one) => {
      const named: { user: Part | null } = { user: null };
      takeUser(one, 1, named, notes);
      globals.user = named.user;
    },
    lvs_sync_daemon: (one) => void globals.sections.push(syncIn(one, notes)),
    lvs_timeouts: (one) => void globals.sections.push(...timeoutsIn(one, notes)),
    ...garpHandlers(
      'vrrp_garp_',
      () => globals.garp,
      (garp) => {
        globals.garp = garp;
      },
      notes,
    ),
  };
}

/** `lvs_sync_daemon INTERFACE [[inst] INSTANCE] [id N] …`; without an id it is the VRID of the instance, as lvsctl's. */
function syncIn({ words, at }: Statement, notes: Notes): Part {
  const keys: Readonly<Record<string, 'number' | 'text'>> = {
    ...{ id: 'number', maxlen: 'number', port: 'number', ttl: 'number', group: 'text' },
  };
  const parts: Part[] = [entry('interface', words[1] ?? '', at)];
  for (let index = 2; index < words.length; index++) {
    const word = words[index] ?? '';
    const kind = keys[word];
    if (kind === undefined) continue;
    const text = words[++index] ?? '';
    if (kind === 'text' || /^\d{1,6}$/.test(text)) parts.push(entry(word, kind === 'text' ? text : Number(text), at));
    else notes.say('lost', at, `${word} ${text}`, 'a number was expected');
  }
  return entry('sync', map(...parts), at);
}

function timeoutsIn({ words, at }: Statement, notes: Notes): Part[] {
  const keys: Readonly<Record<string, string>> = { tcp: 'tcp', tcpfin: 'tcp_fin', udp: 'udp' };
  const parts: Part[] = [];
  for (let index = 1; index < words.length; index += 2) {
    const [key, seconds = ''] = [keys[words[index] ?? ''], words[index + 1]];
    if (key !== undefined && /^\d{1,7}$/.test(seconds)) parts.push(entry(key, duration(Number(seconds) * 1000), at));
    else notes.say('lost', at, words.slice(index, index + 2).join(' '), 'tcp, tcpfin or udp with seconds was expected');
  }
  return parts.length === 0 ? [] : [entry('ipvs', map(entry('timeouts', map(...parts), at)), at)];
}

function syncGroupIn(statement: Statement, notes: Notes): Keepalived['groups'][number] {
  const notified: Notified = { commands: new Map(), user: null };
  const members: string[] = [];
  const handlers: Handlers = {
    // One a line, or several.
    group: (one) => void members.push(...linesOf(one).flatMap(({ words }) => words)),
    ...notifyHandlers(notified, notes),
  };
  readBlock(linesOf(statement), handlers, GROUP_PASSED, notes);
  const { at, words } = statement;
  const list: Tree = { kind: 'list', items: members.map((name) => ({ draft: { kind: 'value', value: name }, at })) };
  const name = words[1] ?? '';
  return { name, members, part: entry(name, map(entry('members', list, at), ...notifyEntry(notified)), at) };
}
