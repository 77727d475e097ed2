/** The checkers of a real_server, as checks. */
import { parseAddress } from '../../wire/address.ts';
import { entry, map, values } from '../draft.ts';
import type { At, Notes } from './note.ts';
import { CHECK_PASSED, URL_PASSED } from './passed-over.ts';
import {
  addressIn,
  commandIn,
  duration,
  type Handlers,
  isOn,
  linesOf,
  literal,
  type Part,
  readBlock,
  secondsIn,
  type Tree,
  textOf,
  wholeIn,
} from './reading.ts';
import type { Statement } from './statement.ts';

/** Key of a check → its part. */
export type Timing = Readonly<Record<string, Part>>;

/** What a check inherits from its real_server. */
export interface Surroundings {
  readonly timing: Timing;
  readonly virtualhost: Part | null;
  /** Where it connects unless it says otherwise. */
  readonly port: number | null;
  /** The port that lvsctl would take by itself. */
  readonly ownPort: number | null;
}

/** Keywords for the timing, wherever they stand: in a virtual_server, a real_server or a checker. `read` gets what they say. */
export function timingHandlers(read: { timing: Timing }, notes: Notes): Handlers {
  const put = (at: At, key: string, of: string | number | undefined): void => {
    if (of !== undefined) read.timing = { ...read.timing, [key]: entry(key, of, at) };
  };
  const time = (key: string) => (statement: Statement) => {
    const ms = secondsIn(statement, notes);
    put(statement.at, key, ms === undefined ? undefined : duration(ms));
  };
  const count = (key: string) => (statement: Statement) => put(statement.at, key, wholeIn(statement, notes));
  return {
    delay_loop: time('interval'),
    connect_timeout: time('timeout'),
    misc_timeout: time('timeout'),
    warmup: time('warmup'),
    delay_before_retry: time('retry_delay'),
    retry: count('retries'),
    nb_get_retry: count('retries'),
  };
}

interface Reading {
  timing: Timing;
  virtualhost: Part | null;
  port: number | null;
  connect: Part | null;
  readonly from: Part[];
  readonly more: Part[];
  /** Argument of the check: what stands behind its kind. */
  argument: Tree | null;
  sni: boolean;
  readonly urls: Statement[];
}

export const CHECKERS = [
  ...['TCP_CHECK', 'HTTP_GET', 'SSL_GET', 'MISC_CHECK', 'SMTP_CHECK', 'DNS_CHECK', 'PING_CHECK', 'UDP_CHECK'],
] as const;

/** One for each url of a HTTP_GET. */
export function checksIn(statement: Statement, around: Surroundings, notes: Notes): Tree[] {
  const keyword = statement.words[0] ?? '';
  const read: Reading = {
    ...{ timing: around.timing, virtualhost: around.virtualhost, port: around.port, connect: null, argument: null },
    ...{ from: [], more: [], sni: false, urls: [] },
  };
  readBlock(
    linesOf(statement),
    { ...commonHandlers(read, notes), ...ownHandlers(keyword, read, notes) },
    CHECK_PASSED,
    notes,
  );
  return headsOf(keyword, statement, read, notes).map((head) =>
    map(...head, ...placeOf(read, around, keyword, statement.at)),
  );
}

function commonHandlers(read: Reading, notes: Notes): Handlers {
  return {
    ...timingHandlers(read, notes),
    connect_port: (one) => {
      read.port = wholeIn(one, notes) ?? read.port;
    },
    connect_ip: (one) => {
      const address = addressIn(one, notes);
      if (address !== undefined) read.connect = entry('address', address, one.at);
    },
    bindto: (one) => {
      const address = addressIn(one, notes);
      if (address !== undefined) read.from.push(entry('address', address, one.at));
    },
    bind_port: (one) => {
      const port = wholeIn(one, notes);
      if (port !== undefined) read.from.push(entry('port', port, one.at));
    },
    fwmark: (one) => {
      const mark = wholeIn(one, notes);
      if (mark !== undefined) read.more.push(entry('mark', mark, one.at));
    },
  };
}

function ownHandlers(keyword: string, read: Reading, notes: Notes): Handlers {
  const text = (key: string) => (one: Statement) => {
    read.more.push(entry(key, literal(one.words[1] ?? ''), one.at));
  };
  const own: Readonly<Record<string, Handlers>> = {
    HTTP_GET: { url: (one) => void read.urls.push(one), virtualhost: (one) => hostIn(one, read) },
    SMTP_CHECK: { helo_name: text('helo') },
    DNS_CHECK: {
      name: (one) => {
        read.argument = { kind: 'value', value: literal(one.words[1] ?? '.') };
      },
      type: text('type'),
    },
    MISC_CHECK: {
      misc_path: (one) => {
        read.argument = commandIn(one, notes) ?? null;
      },
      misc_dynamic: (one) => {
        if (isOn(one)) read.more.push(entry('sets_weight', true, one.at));
      },
      user: text('user'),
    },
    UDP_CHECK: {
      payload: (one) => {
        const hex = entry('hex', one.words.slice(1).join(''), one.at);
        read.argument = map(hex);
      },
      require_reply: (one) => {
        const hex = one.words.slice(1).join('');
        if (hex !== '') read.more.push(entry('expect', hex, one.at));
      },
    },
  };
  const ssl: Handlers = {
    enable_sni: (one) => {
      read.sni = isOn(one);
    },
  };
  return keyword === 'SSL_GET' ? { ...own['HTTP_GET'], ...ssl } : (own[keyword] ?? {});
}

function hostIn(one: Statement, read: { virtualhost: Part | null }): void {
  read.virtualhost = entry('host', literal(one.words[1] ?? ''), one.at);
}

type Head = readonly (Part | null)[];

/** The kinds with their arguments. */
function headsOf(keyword: string, statement: Statement, read: Reading, notes: Notes): Head[] {
  const { at } = statement;
  const { argument, more } = read;
  if (keyword === 'HTTP_GET' || keyword === 'SSL_GET') return urlHeads(keyword, statement, read, notes);
  if (keyword === 'TCP_CHECK') return [[entry('tcp', true, at), ...more]];
  if (keyword === 'PING_CHECK') return [[entry('ping', true, at), ...more]];
  if (keyword === 'SMTP_CHECK') return [[entry('smtp', true, at), ...more]];
  // check_dns.c: the root's SOA, unless it is told otherwise
  if (keyword === 'DNS_CHECK') {
    const type = more.some(({ key }) => key === 'type') ? null : entry('type', 'SOA', at);
    return [[entry('dns', argument ?? '.', at), type, ...more]];
  }
  if (argument === null) {
    notes.say(
      'lost',
      at,
      textOf(statement),
      keyword === 'UDP_CHECK' ? 'lvsctl sends no random payload' : 'it runs nothing',
    );
    return [];
  }
  return [[entry(keyword === 'UDP_CHECK' ? 'udp' : 'script', argument, at), ...more]];
}

function urlHeads(keyword: string, statement: Statement, read: Reading, notes: Notes): Head[] {
  const { at } = statement;
  if (read.urls.length === 0) notes.say('lost', at, textOf(statement), 'it asks for no url');
  const kind = keyword === 'SSL_GET' ? 'https' : 'http';
  return read.urls.map((url) => {
    const found = new Map<string, Part>();
    const host = { virtualhost: read.virtualhost };
    const handlers: Handlers = {
      path: (one) => void found.set('path', entry(kind, literal(one.words[1] ?? '/'), one.at)),
      digest: (one) => void found.set('digest', entry('md5', one.words[1] ?? '', one.at)),
      status_code: (one) =>
        void found.set('status', entry('status', values(one.words.slice(1).map(status), one.at), one.at)),
      regex: (one) => void found.set('regex', entry('body', literal(one.words[1] ?? ''), one.at)),
      virtualhost: (one) => hostIn(one, host),
    };
    readBlock(linesOf(url), handlers, URL_PASSED, notes);
    const path = found.get('path') ?? entry(kind, '/', url.at);
    const rest = ['status', 'digest', 'regex'].map((key) => found.get(key) ?? null);
    const name = host.virtualhost?.draft;
    const isName = name?.kind === 'value' && parseAddress(String(name.value)) === undefined;
    const sni = read.sni && isName ? entry('sni', name, at) : null;
    // check_ssl.c looks at no certificate
    const verify = kind === 'https' ? entry('verify', false, at) : null;
    return [path, host.virtualhost, sni, verify, ...rest, ...read.more];
  });
}

function status(word: string): number | string {
  return /^\d+$/.test(word) ? Number(word) : word;
}

/** Where it connects, and when: what differs from what lvsctl does by itself. */
function placeOf(read: Reading, around: Surroundings, keyword: string, at: At): Head {
  const hasPort = keyword !== 'PING_CHECK' && keyword !== 'MISC_CHECK' && read.port !== around.ownPort;
  const port = hasPort && read.port !== null ? entry('port', read.port, at) : null;
  const order = ['interval', 'timeout', 'retries', 'retry_delay', 'warmup'];
  return [
    port,
    read.connect === null ? null : entry('connect', map(read.connect), at),
    read.from.length === 0 ? null : entry('from', map(...read.from), at),
    ...order.map((key) => read.timing[key] ?? null),
  ];
}
