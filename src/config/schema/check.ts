/**
 * Keys of checks. A check is a kind with its main argument plus options, so the keys that are allowed depend on the kind:
 * the kind is found first, then that kind\'s own record reads the mapping.
 */
import type { Finding } from '../problem.ts';
import { type Raw, wrong } from '../raw.ts';
import { address, port } from '../shape/network.ts';
import { absolutePath, duration, flag, integer, oneOf, scalar, text } from '../shape/scalars.ts';
import { argv } from '../shape/secret.ts';
import {
  defaulted,
  list,
  miss,
  named,
  optional,
  record,
  required,
  type Shape,
  type Shaped,
  spelled,
} from '../shape/shape.ts';
import { closest } from '../suggest.ts';
import { userName } from './vrrp.ts';

const interval = duration({ least: '100ms', most: '1d' });
const pause = duration({ least: '0s', most: '1d' });

const meaning = {
  interval: 'Time from one probe of a realserver to the next.',
  timeout: 'A probe that takes longer has failed.',
  retries: 'Further tries after a failure before the verdict is down.',
  retry_delay: 'Time between those tries.',
  rise: 'Successes in a row before a failed realserver is up again.',
  warmup: 'The first probe comes after a random part of this.',
};

/** Timing as `check_defaults` gives it: every key has a default. */
export const checkDefaults = record('timing of checks', {
  interval: defaulted(
    interval,
    '5s',
    meaning.interval,
    'A dead realserver is out within about 14s; thousands of probes cost little.',
    '10s',
  ),
  timeout: defaulted(interval, '2s', meaning.timeout, 'What takes longer than 2s is broken for its users too.', '1s'),
  retries: defaulted(integer(0, 100), '2', meaning.retries, 'One lost packet is not an outage.', '1'),
  retry_delay: defaulted(pause, '1s', meaning.retry_delay, 'Long enough for a restart of a process to be over.', '2s'),
  rise: defaulted(
    integer(1, 100),
    '2',
    meaning.rise,
    'The first answer of a starting application is often its last.',
    '3',
  ),
  warmup: optional(
    pause,
    'the interval',
    meaning.warmup,
    '5s',
    'Spreads the probes, so that thousands do not go out at once.',
  ),
});

const fromDefaults = 'as in `check_defaults`';

const timing = {
  interval: optional(interval, fromDefaults, meaning.interval, '10s'),
  timeout: optional(interval, fromDefaults, meaning.timeout, '2s'),
  retries: optional(integer(0, 100), fromDefaults, meaning.retries, '1'),
  retry_delay: optional(pause, fromDefaults, meaning.retry_delay, '2s'),
  rise: optional(integer(1, 100), fromDefaults, meaning.rise, '3'),
  warmup: optional(pause, fromDefaults, meaning.warmup, '5s'),
};

const probePort = optional(port, "the realserver's port in the service", 'Port to probe.', '8080');

const from = record('{ address, port }', {
  address: optional(address, 'chosen by the kernel', 'Source address of the probe.', '192.0.2.11'),
  port: defaulted(
    integer(0, 65535),
    '0',
    'Source port of the probe; 0: any.',
    'A fixed port allows one probe at a time.',
    '0',
  ),
});

const target = {
  port: probePort,
  connect: optional(
    record('{ address, port }', {
      address: optional(address, "the realserver's own", 'Address to probe.', '192.0.2.21'),
      port: probePort,
    }),
    "the realserver's own address and port",
    "Where to probe instead of the realserver's own address and port.",
    '{ address: 192.0.2.21, port: 2525 }',
  ),
  from: optional(from, 'chosen by the kernel', 'Source of the probe.', '{ address: 192.0.2.11, port: 0 }'),
  mark: optional(integer(1, 0xffffffff), 'none', "Firewall mark of the probe's packets.", '77'),
  via: defaulted(
    oneOf('rip', 'vip'),
    'rip',
    "rip: probe the realserver's own address; vip: the path that clients take, through IPVS to that realserver.",
    'The plain probe needs no marks and no routes; the other finds a missing VIP on the realserver too.',
    'vip',
  ),
};

const common = { ...timing, ...target };

const statusRange: Shape<readonly [number, number]> = scalar(
  'a status such as 200, or a range such as 200-204, within 100 to 599',
  { type: ['integer', 'string'] },
  (raw) => {
    const [, low, high] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(raw.source) ?? [];
    if (low === undefined || Number(high ?? low) < Number(low)) return undefined;
    return [Number(low), Number(high ?? low)];
  },
);

const path = text('a path such as /healthz', /^\/[^\s\0]*$/);
const token = text('a header name', /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/);
const line = text('text without line breaks', /^[^\r\n\0]*$/);
const hostName = text('a host name', /^[A-Za-z0-9_.:[\]-]+$/);

/** Bodies are matched by RegExp with the flag `u` off, as nginx and keepalived users write them. */
const pattern = scalar<string>('a regular expression', { type: 'string', format: 'regex' }, (raw) => {
  if (typeof raw.value !== 'string') return undefined;
  const source = raw.value.replaceAll('$${', '${');
  try {
    new RegExp(source);
    return source;
  } catch (error) {
    return { because: `is no regular expression: ${error instanceof Error ? error.message : String(error)}` };
  }
});

const http = {
  host: optional(hostName, 'the address and port probed', 'The Host header.', 'www.example.com'),
  method: defaulted(
    oneOf('GET', 'HEAD', 'OPTIONS', 'POST'),
    'GET',
    'The method of the request.',
    'What a browser does.',
    'HEAD',
  ),
  headers: defaulted(
    named(token, line),
    '{}',
    'Further headers of the request.',
    'Host, User-Agent and Connection are sent already.',
    '{ x-probe: lvs }',
  ),
  status: defaulted(
    spelled('a status or a list of statuses and ranges', {
      scalar: { ...statusRange, parse: (raw, findings) => single(statusRange.parse(raw, findings)) } as Shape<
        readonly (readonly [number, number])[]
      >,
      list: list(statusRange, 1),
    }),
    '[200-299]',
    'Statuses that mean up. Redirects are not followed.',
    'A redirect or an error page is not the page that was asked for.',
    '[200-204, 301]',
  ),
  md5: optional(
    text('32 hexadecimal digits', /^[0-9a-fA-F]{32}$/),
    'not compared',
    'MD5 of the body (`lvsctl digest URL` prints it).',
    'd41d8cd98f00b204e9800998ecf8427e',
  ),
  sha256: optional(
    text('64 hexadecimal digits', /^[0-9a-fA-F]{64}$/),
    'not compared',
    'SHA-256 of the body (`lvsctl digest URL` prints it).',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ),
  body: optional(pattern, 'not looked at', 'A regular expression that the body must match.', '"^ok"'),
};

function single<T>(value: T | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : [value];
}

const hex = text('bytes as pairs of hexadecimal digits', /^(?:[0-9a-fA-F]{2})+$/);
const always = oneOfTrue();
const smtpHelo = optional(hostName, "the director's name", 'Name given in HELO.', 'lb.example.com');

const kinds = {
  tcp: record('a tcp check', {
    tcp: required(
      spelled<number | true>("a port, or true for the realserver's own", { scalar: portOrTrue() }),
      "Connects to this port; `true`: the realserver's port in the service.",
      '80',
    ),
    ...common,
  }),
  http: record('an http check', {
    http: required(path, 'Asks for this path over HTTP/1.1.', '/healthz'),
    ...http,
    ...common,
  }),
  https: record('an https check', {
    https: required(path, 'Asks for this path over TLS.', '/'),
    sni: optional(hostName, 'the host', 'Server name sent in the TLS handshake.', 'www.example.com'),
    verify: defaulted(
      flag,
      'true',
      'Whether the certificate must be valid for the server name.',
      'An expired certificate is an outage for browsers.',
      'false',
    ),
    expires_within: optional(
      duration({ least: '1h', most: '365d' }),
      'not looked at',
      'Down when the certificate expires within this time.',
      '14d',
    ),
    ...http,
    ...common,
  }),
  smtp: record('an smtp check', {
    smtp: required(always, 'Greets an SMTP server and says HELO and QUIT.', 'true'),
    helo: smtpHelo,
    ...common,
  }),
  dns: record('a dns check', {
    dns: required(text('a domain name', /^[^\s]{1,253}$/), 'Asks for this name.', 'example.com'),
    type: defaulted(
      oneOf('A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'),
      'A',
      'Type of the record asked for.',
      'The commonest.',
      'A',
    ),
    expect: optional(line, 'any answer without an error', 'What must stand in the answer.', '192.0.2.1'),
    ...common,
  }),
  udp: record('a udp check', {
    udp: required(
      record('{ hex: … }', { hex: required(hex, 'Bytes of the datagram.', '"3031"') }),
      'Sends a datagram.',
      '{ hex: "3031" }',
    ),
    expect: optional(hex, 'anything but an ICMP error', 'Bytes with which the answer must begin.', '"32"'),
    ...common,
  }),
  ping: record('a ping check', { ping: required(always, 'Sends an ICMP echo request.', 'true'), ...common }),
  script: record('a script check', {
    script: required(argv, 'Runs a command on the director; exit code 0 means up.', '[/usr/local/bin/check-app]'),
    sets_weight: defaulted(
      flag,
      'false',
      'Exit codes 2 to 255 mean up with weight code − 2.',
      'Weights stand in the topology unless asked otherwise.',
      'true',
    ),
    user: defaulted(userName, 'lvs-script', 'User that runs it.', 'A check needs no rights.', 'lvs-script'),
    ...common,
  }),
  file: record('a file check', {
    file: required(absolutePath, 'Up while this file exists on the director.', '/run/app.up'),
    ...common,
  }),
};

function oneOfTrue(): Shape<true> {
  return scalar('true', { const: true }, ({ value }) => (value === true ? true : undefined));
}

function portOrTrue(): Shape<number | true> {
  return scalar('a port from 1 to 65535, or true', { anyOf: [port.json, { const: true }] }, ({ value }) => {
    if (value === true) return true;
    return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536 ? value : undefined;
  });
}

type Kinds = typeof kinds;
export type RawCheck = { [K in keyof Kinds]: { readonly kind: K } & Shaped<Kinds[K]> }[keyof Kinds];

/** Kinds that need no argument may be written as a word. */
const BARE = ['tcp', 'ping', 'smtp'] as const;
const KINDS = Object.keys(kinds) as (keyof Kinds)[];
const EXPECTED = `a check: { KIND: argument, … } with one of ${KINDS.join(', ')}, or the word ${BARE.join(', ')}`;

function parseCheck(raw: Raw, findings: Finding[]): RawCheck | undefined {
  if (raw.kind === 'list') return miss(raw, EXPECTED, findings);
  if (raw.kind === 'scalar') return parseBare(raw, findings);
  const found = KINDS.filter((kind) => raw.entries.has(kind));
  const [kind] = found;
  if (kind === undefined) {
    const keys = [...raw.entries.keys()];
    const near = keys.map((key) => closest(key, KINDS)).find((one) => one !== null) ?? null;
    findings.push(wrong(raw, `no kind of check among the keys ${keys.join(', ')}`, EXPECTED, near));
    return undefined;
  }
  if (found.length > 1) {
    findings.push(wrong(raw, `one check has the kinds ${found.join(' and ')}`, 'one kind a check; write two checks'));
    return undefined;
  }
  const value = kinds[kind].parse(raw, findings);
  return value === undefined ? undefined : ({ kind, ...value } as RawCheck);
}

function parseBare(raw: Raw, findings: Finding[]): RawCheck | undefined {
  const word = raw.kind === 'scalar' ? raw.source : '';
  const kind = BARE.find((one) => one === word);
  if (kind === undefined) return miss(raw, EXPECTED, findings, closest(word, BARE));
  const argument: Raw = { ...raw, kind: 'scalar', value: true, source: 'true' };
  const value = kinds[kind].parse({ ...raw, kind: 'map', entries: new Map([[kind, argument]]) }, findings);
  return value === undefined ? undefined : ({ kind, ...value } as RawCheck);
}

export const check: Shape<RawCheck> = {
  expected: EXPECTED,
  json: { anyOf: [{ enum: BARE }, ...KINDS.map((kind) => kinds[kind].json)] },
  below: KINDS.map((kind) => ({ step: '', field: null, shape: kinds[kind] })),
  parse: parseCheck,
};
