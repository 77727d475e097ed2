/** Shapes of addresses, listeners, virtual addresses, marks and masks. */
import { type Address, familyOf, hostPrefix, parseAddress } from '../../wire/address.ts';
import type { VipConfig } from '../config.ts';
import type { Listener, Protocol } from '../service.ts';
import { oneOf, scalar, text } from './scalars.ts';
import { defaulted, mapped, optional, record, required, type Shape, spelled } from './shape.ts';

export const address = scalar<Address>('an IP address such as 192.0.2.10', { type: 'string' }, (raw) => {
  if (raw.source.includes('/')) return { because: 'has a prefix length; write the address alone' };
  return typeof raw.value === 'string' ? parseAddress(raw.value) : undefined;
});

/** IFNAMSIZ is 16 with its zero byte; the kernel refuses '/', ':' and white space (dev_valid_name). */
export const interfaceName: Shape<string> = text("an interface's name such as eth1", /^(?!\.{1,2}$)[^\s/:\0]{1,15}$/);

export const port: Shape<number> = scalar(
  'a port from 1 to 65535',
  { type: 'integer', minimum: 1, maximum: 65535 },
  ({ value }) =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536 ? value : undefined,
);

const LISTENER = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})(?:\/(tcp|udp|sctp))?$/;

export const listener = scalar<Listener>(
  'an address and port such as 192.0.2.100:80, 192.0.2.100:53/udp or "[2001:db8::1]:80/tcp"',
  { type: 'string', pattern: '^(\\[[0-9a-fA-F:.]+\\]|[0-9.]+):\\d{1,5}(/(tcp|udp|sctp))?$' },
  (raw) => {
    const [, six, four, portText, protocol] = LISTENER.exec(raw.source) ?? [];
    const value = parseAddress(six ?? four ?? '');
    if (value === undefined || Number(portText) > 65535) {
      if (parseAddress(raw.source) !== undefined) return { because: 'has no port' };
      return undefined;
    }
    if ((familyOf(value) === 6) !== (six !== undefined)) return undefined;
    return { address: value, port: Number(portText), protocol: (protocol ?? 'tcp') as Protocol };
  },
);

interface Prefixed {
  readonly address: Address;
  readonly prefixLength: number;
}

const addressOrPrefix: Shape<Prefixed> = scalar(
  'an address such as 192.0.2.100 or 192.0.2.100/24',
  { type: 'string' },
  (raw) => {
    const [, host, length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(raw.source) ?? [];
    const value = parseAddress(host ?? '');
    if (value === undefined) return undefined;
    const prefixLength = length === undefined ? hostPrefix(value) : Number(length);
    return prefixLength >= 1 && prefixLength <= hostPrefix(value) ? { address: value, prefixLength } : undefined;
  },
);

function plainVip(prefixed: Prefixed): VipConfig {
  return { ...prefixed, interface: null, label: null, scope: 'global', broadcast: null };
}

const fullVip = mapped(
  record('a virtual address with its settings', {
    address: required(
      addressOrPrefix,
      'The virtual address; /32 (or /128) unless a prefix length is written.',
      '192.0.2.101/24',
    ),
    interface: optional(
      interfaceName,
      'the interface whose network contains it',
      'The interface on which the address goes.',
      'eth0',
    ),
    label: optional(
      text('a label of at most 15 characters', /^[^\s/]{1,15}$/),
      'none',
      'Label shown by `ip addr` (IPv4 only).',
      '"eth0:web"',
    ),
    scope: defaulted(
      oneOf('global', 'link', 'host'),
      'global',
      'Scope of the address, as in `ip addr add … scope`.',
      'Virtual addresses are there to be reached from everywhere.',
      'link',
    ),
    broadcast: optional(
      address,
      'none',
      'Broadcast address to set with it (IPv4 only).',
      '192.0.2.255',
      'A /32 has no broadcast address.',
    ),
  }),
  (raw): VipConfig => ({
    ...raw.address,
    interface: raw.interface ?? null,
    label: raw.label ?? null,
    scope: raw.scope,
    broadcast: raw.broadcast ?? null,
  }),
);

export const vip: Shape<VipConfig> = spelled('a virtual address such as 192.0.2.100', {
  scalar: mapped(addressOrPrefix, plainVip),
  map: fullVip,
});

/** IPv4 netmask or IPv6 prefix length → the number of leading bits. */
export const netmask: Shape<number> = scalar(
  'a netmask such as 255.255.255.0, or a prefix length from 1 to 128',
  { type: ['string', 'integer'] },
  ({ value, source }) => {
    if (typeof value === 'number') return Number.isInteger(value) && value >= 1 && value <= 128 ? value : undefined;
    const mask = parseAddress(source);
    if (mask === undefined || familyOf(mask) !== 4) return undefined;
    const bits = source
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('');
    return /^1+0*$/.test(bits) ? bits.replace(/0+$/, '').length : undefined;
  },
);

/** `0x4c560000/16`: a range of firewall marks, by its leading bits. */
export const markRange = scalar<{ readonly base: number; readonly prefixLength: number }>(
  'a range of marks such as 0x4c560000/16',
  { type: 'string', pattern: '^0x[0-9a-fA-F]{1,8}/\\d{1,2}$' },
  (raw) => {
    const [, base, length] = /^(0x[0-9a-fA-F]{1,8})\/(\d{1,2})$/.exec(raw.source) ?? [];
    const prefixLength = Number(length);
    if (base === undefined || prefixLength < 1 || prefixLength > 31) return undefined;
    if (Number(base) % 2 ** (32 - prefixLength) !== 0) return { because: `has bits set beyond /${prefixLength}` };
    return { base: Number(base), prefixLength };
  },
);
