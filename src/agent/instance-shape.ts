/**
 * The shape of a VRRP instance: what the VRRP process reads of it. Taken as it comes, an instance without a version would fall
 * silent, and its peer would take over.
 */
import { type Address, parseAddress } from '../wire/address.ts';
import { hmacShape } from './protection-shape.ts';
import { decimal, flag, integer, list, matching, nullable, object, oneOf, text } from './shape.ts';

const name = matching((value) => value !== '' && value.length <= 255, 'a name');
const address = matching<Address>((value) => parseAddress(value) === value, 'an IP address in canonical form');
/** A year, as elsewhere. */
const duration = decimal(0, 31_622_400_000);
const count = integer(0, 1_000);

export const vipShape = object({
  address,
  prefixLength: integer(0, 128),
  interface: nullable(name),
  label: nullable(name),
  scope: oneOf('global', 'link', 'host'),
  broadcast: nullable(address),
});

const trackerWeight = integer(-254, 254);
const absolutePath = matching((value) => value.startsWith('/') && !value.includes('\0'), 'an absolute path');
const tracked = object({ name, weight: trackerWeight });

/** The commands are run as they stand; what they may do is up to their user. */
const notify = object({
  master: nullable(list(text, 1)),
  backup: nullable(list(text, 1)),
  fault: nullable(list(text, 1)),
  stop: nullable(list(text, 1)),
  any: nullable(list(text, 1)),
  user: name,
});

export const instanceShape = object({
  name,
  vrid: integer(1, 255),
  version: oneOf(2, 3),
  family: oneOf(4, 6),
  vips: list(vipShape),
  extraVips: list(vipShape),
  speakers: list(object({ director: name, interface: name, source: nullable(address), priority: integer(1, 255) })),
  foreignPeers: list(address),
  transport: oneOf('unicast', 'multicast'),
  multicastGroup: address,
  /** Version 2 counts seconds up to 255 in a byte, version 3 centiseconds in 12 bits. */
  advertIntervalMs: decimal(10, 255_000),
  checksum: oneOf('pseudo-header', 'plain'),
  authentication: nullable(object({ pass: object({ value: text }) })),
  hmac: hmacShape,
  preempt: flag,
  preemptDelayMs: duration,
  virtualMac: object({ enabled: flag, transmitFrom: oneOf('virtual', 'base') }),
  garp: object({
    count,
    againAfterMs: duration,
    again: count,
    refreshMs: duration,
    refreshCount: count,
    lowerPriority: object({ count, afterMs: duration }),
    intervalMs: duration,
  }),
  track: object({
    interfaces: list(tracked),
    scripts: list(tracked),
    services: list(tracked),
    files: list(object({ path: absolutePath, weight: trackerWeight })),
  }),
  startAfter: object({ linkUpMs: duration, verdicts: flag }),
  notify,
  alert: flag,
});

export const syncGroupShape = object({ name, members: list(name), notify, alert: flag });
