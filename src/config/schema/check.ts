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

const hex = text('up to 1000 bytes as pairs of hexadecimal digits', /^(?:[0-9a-fA-F]{2}){1,1000}$/);
const domainName = text(
  'a domain name as DNS carries it: labels of 1 to 63 characters, 253 together; . is the root',
  /^(?!.{255})(?:\.|(?:[!-\-/-[\]-~]{1,63}\.){0,126}[!-\-/-[\]-~]{1,63}\.?)$/,
);
const always = oneOfTrue();
const smtpHelo = optional(hostName, "the director's name", 'Name given in HELO.', 'lb.example.com');

const payload = text('text of up to 1000 characters', /^[\s\S]{1,1000}$/);
const datagram = required(
  spelled<string | { readonly hex: string }>('text of up to 1000 characters, or { hex: … }', {
    scalar: payload,
    map: record('{ hex: … }', { hex: required(hex, 'Bytes of the datagram.', '"3031"') }),
  }),
  'Sends a datagram: a text, or bytes in hexadecimal digits; `expect` is written the same way.',
  '{ hex: "3031" }',
);
const silent =
  'any answer, and silence too; only an ICMP error is a failure. Silence is believed after the timeout, and not before 4s: so long the kernel looks for a host that is gone';

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
    smtp: required(always, 'An SMTP server must greet with 220 and answer HELO with 250 and QUIT with 221.', 'true'),
    helo: smtpHelo,
    ...common,
  }),
  dns: record('a dns check', {
    dns: required(
      domainName,
      'Asks a name server for this name, by UDP. Only the answer of the server that was asked to the question that was asked counts, and its code must be NOERROR.',
      'example.com',
    ),
    type: defaulted(
      oneOf('A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'),
      'A',
      'Type of the record asked for.',
      'The commonest.',
      'A',
    ),
    expect: optional(
      line,
      'any answer without an error, be it empty',
      'Of a dns check: what one record of the type must hold: an address, a name, a text; of MX, SOA and SRV one of its fields, or all with a blank between. Where an answer was cut short and lacks it, the question is asked again by TCP, within the timeout.',
      '192.0.2.1',
    ),
    ...common,
  }),
  udp: udpKind(),
  ping: record('a ping check', {
    ping: required(always, 'Sends an echo request of ICMP or ICMPv6; the reply must come back.', 'true'),
    ...common,
  }),
  script: record('a script check', {
    script: required(
      argv,
      'Runs a command on the director, for each realserver, whose address it finds as LVS_ADDRESS in its environment; exit code 0 means up. With the timeout its process group is ended, and that is a failure. As root it is refused where others than root can change it.',
      '[/usr/local/bin/check-app]',
    ),
    sets_weight: defaulted(
      flag,
      'false',
      'Exit code 0 means up with the weight of the topology, 1 down, 2 to 255 up with weight code − 2, as keepalived’s misc_dynamic; of several checks the lowest weight counts, and an override of the weight (a drain) before all.',
      'Weights stand in the topology unless asked otherwise.',
      'true',
    ),
    user: defaulted(userName, 'lvs-script', 'User that runs it.', 'A check needs no rights.', 'lvs-script'),
    ...common,
  }),
  file: record('a file check', {
    file: required(
      absolutePath,
      'Up while this file exists on the director; a file that cannot be looked at does not.',
      '/run/app.up',
    ),
    ...common,
  }),
};

/** What must come back is written as what is sent. */
function udpKind() {
  const answer = 'Of a udp check: with what the answer must begin, written as what is sent.';
  const bytes = record('a udp check', { udp: datagram, expect: optional(hex, silent, answer, '"32"'), ...common });
  const words = record('a udp check', {
    udp: datagram,
    expect: optional(payload, silent, answer, 'PONG'),
    ...common,
  });
  const isText = (raw: Raw): boolean => raw.kind === 'map' && raw.entries.get('udp')?.kind === 'scalar';
  return {
    ...bytes,
    json: { anyOf: [bytes.json, words.json] },
    below: [...bytes.below, ...words.below],
    parse: (raw: Raw, findings: Finding[]) => (isText(raw) ? words : bytes).parse(raw, findings),
  };
}

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
