/** `vrrp_instance NAME { … }` (keepalived.conf(5), "VRRP instance(s)"). */
import { type Address, type Family, familyOf } from '../../wire/address.ts';
import { entry, type Item, map } from '../draft.ts';
import { type GarpSettings, garpEntry, garpHandlers } from './garp.ts';
import type { At, Notes } from './note.ts';
import { type Notified, notifyEntry, notifyHandlers } from './notify.ts';
import { INSTANCE_PASSED } from './passed-over.ts';
import {
  addressIn,
  duration,
  isOn,
  linesOf,
  type Part,
  readBlock,
  secondsIn,
  type Tree,
  textOf,
  wholeIn,
} from './reading.ts';
import type { Statement } from './statement.ts';
import { trackedHandlers } from './track.ts';
import { vipIn } from './virtual-address.ts';

export interface KeepalivedInstance {
  readonly name: string;
  readonly at: At;
  readonly vrid: number;
  readonly family: Family;
  readonly interface: string | null;
  readonly priority: number;
  readonly transport: 'unicast' | 'multicast';
  readonly source: Address | null;
  readonly peers: readonly Address[];
  /** Version 2 only. */
  readonly pass: { readonly at: At; readonly text: string } | null;
  /** It has `auth_hmac`, which is not read. */
  readonly isSigned: boolean;
  /** What is the same on all directors, in the topology's words. */
  readonly shared: readonly Part[];
}

/** What `global_defs` gives for all instances. */
export interface InstanceDefaults {
  readonly version: 2 | 3;
  readonly group: { readonly 4: Part | null; readonly 6: Part | null };
  readonly garp: GarpSettings;
}

interface Reading {
  readonly vips: { readonly at: At; readonly draft: Tree; readonly address: Address }[];
  readonly excluded: { readonly at: At; readonly draft: Tree }[];
  readonly peers: Address[];
  readonly tracked: Map<string, Part[]>;
  readonly notified: Notified;
  garp: GarpSettings;
  interface?: string;
  vrid?: number;
  priority?: number;
  isMaster?: boolean;
  version?: { readonly at: At; readonly number: 2 | 3 };
  interval?: { readonly at: At; readonly ms: number };
  source?: Address;
  isUnicast?: boolean;
  group?: Part | null;
  pass?: { readonly at: At; readonly text: string };
  nopreempt?: At;
  delay?: { readonly at: At; readonly ms: number };
  isPlain?: At;
  vmac?: At;
  isSentFromBase?: At;
  isSigned?: boolean;
}

/** undefined: there is none without a VRID, and that is told. */
export function instanceIn(
  statement: Statement,
  defaults: InstanceDefaults,
  notes: Notes,
): KeepalivedInstance | undefined {
  const { at } = statement;
  const name = statement.words[1] ?? '';
  const read: Reading = {
    vips: [],
    excluded: [],
    peers: [],
    tracked: new Map(),
    notified: { commands: new Map(), user: null },
    garp: defaults.garp,
  };
  readBlock(linesOf(statement), handlersFor(read, notes), INSTANCE_PASSED, notes);
  const { vrid, vips } = read;
  const [first] = vips;
  if (vrid === undefined || first === undefined) {
    const lacking = vrid === undefined ? 'virtual_router_id' : 'virtual_ipaddress';
    notes.say('lost', at, `vrrp_instance ${name}`, `it has no ${lacking}`);
    return undefined;
  }
  const family = familyOf(first.address);
  const transport = read.isUnicast ? 'unicast' : 'multicast';
  const version = versionOf(read, family, defaults, notes);
  return {
    ...{ name, at, vrid, family, transport },
    pass: version === 2 ? (read.pass ?? null) : null,
    isSigned: read.isSigned ?? false,
    interface: read.interface ?? null,
    priority: priorityOf(read),
    source: read.source ?? null,
    peers: read.peers,
    shared: [
      entry('vrid', vrid, at),
      ...when(version === 2, entry('version', 2, read.version?.at ?? at)),
      ...addressParts(read),
      ...intervalPart(read),
      ...(transport === 'multicast' ? multicastParts(read, defaults.group[family], at) : []),
      ...(version === 3 && family === 4 ? checksumPart(read) : []),
      ...preemption(read, at),
      ...virtualMac(read),
      ...garpEntry(read.garp),
      ...trackEntry(read),
      ...notifyEntry(read.notified),
    ],
  };
}

function when(holds: boolean, part: Part): Part[] {
  return holds ? [part] : [];
}

function addressParts({ vips, excluded }: Reading): Part[] {
  return [
    entry('vips', list(vips), vips[0]?.at),
    ...when(excluded.length > 0, entry('extra_vips', list(excluded), excluded[0]?.at)),
  ];
}

function intervalPart({ interval }: Reading): Part[] {
  return interval === undefined ? [] : [entry('advert_interval', duration(interval.ms), interval.at)];
}

function virtualMac({ vmac, isSentFromBase }: Reading): Part[] {
  if (vmac === undefined) return [];
  const base = isSentFromBase === undefined ? null : entry('transmit_from', 'base', isSentFromBase);
  return [entry('virtual_mac', map(entry('enabled', true, vmac), base), vmac)];
}

function checksumPart({ isPlain }: Reading): Part[] {
  return isPlain === undefined ? [] : [entry('checksum', 'plain', isPlain)];
}

function multicastParts(read: Reading, usual: Part | null, at: At): Part[] {
  const group = read.group ?? usual;
  return [entry('transport', 'multicast', at), ...(group === null ? [] : [group])];
}

function versionOf(read: Reading, family: Family, defaults: InstanceDefaults, notes: Notes): 2 | 3 {
  const version = family === 6 ? 3 : (read.version?.number ?? defaults.version);
  if (read.pass !== undefined && version === 3)
    notes.say('harmless', read.pass.at, 'authentication', 'version 3 has none, and keepalived sends none');
  return version;
}

/** vrrp.c: MASTER without a priority is the owner. */
function priorityOf({ priority, isMaster }: Reading): number {
  return priority ?? (isMaster ? 255 : 100);
}

function list(items: readonly Item[]): Tree {
  return { kind: 'list', items };
}

function trackEntry({ tracked }: Reading): Part[] {
  const kinds = [...tracked].map(([kind, items]) => entry(kind, list(items), items[0]?.at ?? null));
  return kinds.length === 0 ? [] : [entry('track', map(...kinds), kinds[0]?.at ?? null)];
}

/** vrrp.c: `state MASTER` takes nopreempt and preempt_delay back. An owner needs no word for it. */
function preemption(read: Reading, at: At): Part[] {
  const { nopreempt, isMaster, delay } = read;
  if (priorityOf(read) === 255 || (nopreempt !== undefined && !isMaster)) return [];
  const waits = delay !== undefined && !isMaster && delay.ms > 0;
  return [
    entry('preempt', true, at, PREEMPTS),
    ...(waits ? [entry('preempt_delay', duration(delay.ms), delay.at)] : []),
  ];
}

const PREEMPTS =
  'DECIDE: as keepalived does without nopreempt. false, the default, spares connections when a director comes back.';

function handlersFor(read: Reading, notes: Notes) {
  const set = <Key extends keyof Reading>(key: Key, value: Reading[Key] | undefined): void => {
    if (value !== undefined) read[key] = value;
  };
  const pair = (make: (address: Tree, of: Address, at: At) => void) => (statement: Statement) => {
    for (const line of linesOf(statement)) {
      const vip = vipIn(line, notes);
      if (vip !== undefined) make(vip.draft, vip.address, line.at);
    }
  };
  return {
    state: ({ words }: Statement) => set('isMaster', words[1] === 'MASTER'),
    interface: ({ words }: Statement) => set('interface', words[1]),
    virtual_router_id: (statement: Statement) => set('vrid', wholeIn(statement, notes)),
    priority: (statement: Statement) => set('priority', wholeIn(statement, notes)),
    version: (statement: Statement) => {
      const number = wholeIn(statement, notes);
      if (number === 2 || number === 3) read.version = { at: statement.at, number };
    },
    advert_int: (statement: Statement) => {
      const ms = secondsIn(statement, notes);
      if (ms !== undefined) read.interval = { at: statement.at, ms };
    },
    authentication: (statement: Statement) => authentication(statement, read, notes),
    auth_hmac: ({ at }: Statement) => {
      read.isSigned = true;
      notes.say('lost', at, 'auth_hmac { … }', SIGNED);
    },
    unicast_src_ip: (statement: Statement) => set('source', addressIn(statement, notes)),
    mcast_src_ip: (statement: Statement) => set('source', addressIn(statement, notes)),
    mcast_dst_ip: (statement: Statement) => {
      const address = addressIn(statement, notes);
      if (address !== undefined) read.group = entry('multicast_group', address, statement.at);
    },
    unicast_peer: (statement: Statement) => {
      read.isUnicast = true;
      for (const line of linesOf(statement)) {
        const address = addressIn(line, notes, 0);
        if (address !== undefined) read.peers.push(address);
        if (line.words.length > 1)
          notes.say('lost', line.at, textOf(line), 'the TTL of a unicast peer is not looked at');
      }
    },
    virtual_ipaddress: pair((draft, address, at) => read.vips.push({ draft, address, at })),
    virtual_ipaddress_excluded: pair((draft, _address, at) => read.excluded.push({ draft, at })),
    nopreempt: ({ at }: Statement) => set('nopreempt', at),
    preempt: () => {
      delete read.nopreempt;
    },
    preempt_delay: (statement: Statement) => {
      const ms = secondsIn(statement, notes);
      if (ms !== undefined) read.delay = { at: statement.at, ms };
    },
    v3_checksum_as_v2: (statement: Statement) => {
      if (isOn(statement)) read.isPlain = statement.at;
    },
    use_vmac: ({ at }: Statement) => set('vmac', at),
    vmac_xmit_base: ({ at }: Statement) => set('isSentFromBase', at),
    ...garpHandlers(
      'garp_',
      () => read.garp,
      (garp) => set('garp', garp),
      notes,
    ),
    ...trackedHandlers(read.tracked, notes),
    ...notifyHandlers(read.notified, notes),
  };
}

const SIGNED =
  'write `hmac: { key, mode }` with the same key; `migrate` wants it gone until all directors run lvs-agent';

function authentication(statement: Statement, read: Reading, notes: Notes): void {
  let kind = 'PASS';
  let pass: string | undefined;
  for (const line of linesOf(statement)) {
    if (line.words[0] === 'auth_type') kind = (line.words[1] ?? '').toUpperCase();
    else if (line.words[0] === 'auth_pass') pass = line.words[1];
    else notes.say('lost', line.at, textOf(line).replace(/ .*/, ''), 'lvsctl has nothing like it');
  }
  const { at } = statement;
  if (kind !== 'PASS') {
    notes.say('lost', at, `auth_type ${kind}`, 'lvsctl speaks PASS only: change it on both directors first');
  } else if (pass !== undefined) {
    // vrrp_parser.c: the rest is cut off with a warning
    read.pass = { at, text: new TextDecoder().decode(new TextEncoder().encode(pass).subarray(0, 8)) };
  }
}
