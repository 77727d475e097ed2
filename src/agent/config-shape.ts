/**
 * The shape of what lvsctl sends and what stands in config.json. lvsctl has validated the topology; this holds what a damaged or
 * hostile document could otherwise do to the agent, no more.
 */
import type { Config } from '../config/config.ts';
import { inPathProtocol } from '../config/in-path.ts';
import type { CheckConfig } from '../config/service.ts';
import { type Address, parseAddress } from '../wire/address.ts';
import { encodeQuery, RECORD_TYPES, type RecordType } from '../wire/dns.ts';
import { alertsShape } from './alerts-shape.ts';
import { instanceShape, syncGroupShape, vipShape } from './instance-shape.ts';
import { weight } from './ownership-shape.ts';
import {
  both,
  decimal,
  flag,
  integer,
  list,
  matching,
  nullable,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  text,
  variant,
} from './shape.ts';

/** A configuration as it is sent and stored. */
export interface StoredConfig {
  readonly generation: number;
  readonly hash: string;
  /** This director's name in it. */
  readonly self: string;
  readonly config: Config;
}

const name = matching((value) => value !== '' && value.length <= 255, 'a name');
const address = matching<Address>((value) => parseAddress(value) === value, 'an IP address in canonical form');
/** A year: longer waits are mistakes, and timers count in 53 bits. */
const duration = decimal(0, 31_622_400_000);
const port = integer(0, 65_535);
const argv = list(text, 1);
const mark = integer(1, 0xffff_ffff);
const regex = matching(isRegex, 'a regular expression');
const hex = matching((value) => /^(?:[0-9a-f]{2}){1,4000}$/i.test(value), 'bytes in hexadecimal digits');
const protocol = oneOf('tcp', 'udp', 'sctp');
const mode = oneOf('dr', 'nat', 'tun');

function isRegex(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}

function isName(value: string): boolean {
  try {
    return encodeQuery(0, { name: value, type: 'A' }).length > 0;
  } catch {
    return false;
  }
}

const expectation = {
  path: text,
  host: nullable(text),
  method: text,
  headers: record(text),
  status: list((value, path) => list(integer(100, 599), 2)(value, path)),
  md5: nullable(text),
  sha256: nullable(text),
  body: nullable(regex),
};

const kind = variant({
  tcp: object({}),
  ping: object({}),
  http: object(expectation),
  https: object({ ...expectation, sni: nullable(text), verify: flag, expiresWithinMs: nullable(duration) }),
  smtp: object({ helo: nullable(text) }),
  dns: object({
    name: matching((value) => isName(value), 'a domain name'),
    type: oneOf(...(Object.keys(RECORD_TYPES) as RecordType[])),
    expect: nullable(text),
  }),
  udp: object({ sendHex: hex, expectHex: nullable(hex) }),
  script: object({ run: argv, setsWeight: flag, user: name }),
  file: object({ path: text }),
});

const check: Shape<CheckConfig> = ((value: unknown, path: string) => {
  const problem = both(
    kind,
    object({
      timing: object({
        intervalMs: decimal(10, 31_622_400_000),
        timeoutMs: decimal(1, 31_622_400_000),
        retries: integer(0, 1_000),
        retryDelayMs: duration,
        rise: integer(0, 1_000),
        warmupMs: duration,
      }),
      target: object({
        address: nullable(address),
        port: nullable(port),
        from: nullable(object({ address: nullable(address), port })),
        mark: nullable(mark),
        via: oneOf('rip', 'vip'),
      }),
    }),
  )(value, path);
  if (problem !== undefined) return problem;
  const { kind: asked, target } = value as CheckConfig;
  if (target.via === 'rip' || inPathProtocol(asked) !== null) return undefined;
  return `${path}: a ${asked} check cannot go via: vip`;
}) as Shape<CheckConfig>;

const destination = object({
  name,
  address,
  port: nullable(port),
  weight,
  upperThreshold: integer(0, 0xffff_ffff),
  lowerThreshold: integer(0, 0xffff_ffff),
  checks: list(check),
});

const sorry = variant({
  local: object({}),
  host: object({ address, port: nullable(port), mode, quiesce: flag, checks: list(check) }),
});

const service = object({
  name,
  listen: list(object({ address, port, protocol }), 1),
  mark: nullable(mark),
  mode,
  tunnel: object({ type: oneOf('ipip', 'gue', 'gre'), port, checksum: flag }),
  scheduler: matching((value) => /^[a-z]{1,15}$/.test(value), 'the name of a scheduler'),
  schedulerPort: flag,
  schedulerFallback: flag,
  onePacket: flag,
  persistence: nullable(object({ timeoutMs: decimal(1, 31_622_400_000), netmask: integer(0, 128) })),
  realservers: list(destination),
  quorum: object({
    weight: integer(1, 1_000_000),
    hysteresis: optional(integer(0, 1_000_000)),
    up: optional(nullable(argv)),
    down: optional(nullable(argv)),
    onStop: optional(oneOf('down', 'none')),
  }),
  slowStartMs: optional(duration),
  failOpenShare: optional(decimal(0, 100)),
  sorry: optional(nullable(sorry)),
  notify: optional(object({ up: nullable(argv), down: nullable(argv), user: name })),
  onlyWhenMaster: optional(flag),
  start: oneOf('up', 'down'),
  onFail: object({ action: oneOf('quiesce', 'remove'), afterMs: duration }),
  drain: object({ timeoutMs: duration, persistent: oneOf('move', 'wait') }),
});

const script = object({
  name,
  run: argv,
  intervalMs: decimal(10, 31_622_400_000),
  timeoutMs: decimal(1, 31_622_400_000),
  rise: integer(1, 1_000),
  fall: integer(1, 1_000),
  user: name,
  start: oneOf('up', 'down', 'unknown'),
  reverse: flag,
});

/** Only what the two processes read. */
const config = object({
  cluster: text,
  directors: list(object({ name, dips: list(object({ interface: name, address })), vips: list(vipShape) })),
  scripts: list(script),
  instances: list(instanceShape),
  syncGroups: list(syncGroupShape),
  sync: object({
    enabled: flag,
    interface: nullable(name),
    id: integer(0, 255),
    maxlen: integer(0, 65_535),
    port,
    ttl: integer(0, 255),
    group: address,
  }),
  ipvs: object({
    timeoutsMs: object({ tcp: nullable(duration), tcpFin: nullable(duration), udp: nullable(duration) }),
    onStart: oneOf('adopt', 'flush'),
    onStop: oneOf('keep', 'flush'),
    probeMarks: object({ base: integer(0, 0xffff_ffff), prefixLength: integer(0, 32) }),
  }),
  services: list(service),
  alerts: alertsShape,
}) as Shape<Config>;

const stored = object({
  generation: integer(0, Number.MAX_SAFE_INTEGER),
  hash: matching((value) => /^[\w:-]{1,128}$/.test(value), 'a hash'),
  self: name,
  config,
});

export const storedConfigShape: Shape<StoredConfig> = (value, path) => {
  const problem = stored(value, path);
  if (problem !== undefined) return problem;
  const { self, config: inside } = value as StoredConfig;
  const isKnown = inside.directors.some((director) => director.name === self);
  return isKnown ? undefined : `${path}.self: ${self} is none of the configuration's directors`;
};
