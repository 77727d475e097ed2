/**
 * Keys of checks. A check is a kind with its main argument plus options, so the keys that are allowed depend on the kind:
 * the kind is found first, then that kind's own record reads the mapping.
 */
import type { Finding } from '../problem.ts';
import { type Raw, wrong } from '../raw.ts';
import { port } from '../shape/network.ts';
import { absolutePath, duration, flag, oneOf, scalar, text } from '../shape/scalars.ts';
import { argv } from '../shape/secret.ts';
import { defaulted, miss, optional, record, required, type Shape, type Shaped, spelled } from '../shape/shape.ts';
import { closest } from '../suggest.ts';
import { hostName, http, line, path } from './http.ts';
import { common } from './probe.ts';
import { userName } from './script.ts';

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
