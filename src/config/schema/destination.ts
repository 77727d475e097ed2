/** Keys of `services.*.realservers` and `services.*.sorry`. */
import type { Address } from '../../wire/address.ts';
import { address, port } from '../shape/network.ts';
import { flag, integer, name, oneOf } from '../shape/scalars.ts';
import { defaulted, list, mapped, optional, record, required, spelled } from '../shape/shape.ts';
import { check, type RawCheck } from './check.ts';

const weight = integer(0, 65535);
const threshold = integer(0, 2_147_483_647);
export const checks = list(check);

interface RawUse {
  /** A realserver or a group. */
  readonly name: string;
  readonly port: number | undefined;
  readonly weight: number | undefined;
  readonly upper_threshold: number | undefined;
  readonly lower_threshold: number | undefined;
  readonly checks: readonly RawCheck[];
}

export const use = spelled<RawUse>('a realserver or group, by name or as { name, port, weight, … }', {
  scalar: mapped(
    name,
    (one): RawUse => ({
      name: one,
      port: undefined,
      weight: undefined,
      upper_threshold: undefined,
      lower_threshold: undefined,
      checks: [],
    }),
  ),
  map: record('{ name, port, weight, upper_threshold, lower_threshold, checks }', {
    name: required(name, 'A realserver or a group.', 'web1'),
    port: optional(
      port,
      "the listener's port",
      'NAT: the port on the realserver. DR and TUN cannot translate ports.',
      '9001',
    ),
    weight: optional(weight, "the realserver's own weight", 'Weight in this service.', '10'),
    upper_threshold: optional(threshold, 'none', 'No new connections from this many on.', '5000'),
    lower_threshold: optional(
      threshold,
      "the kernel's: three quarters of the upper one",
      'New connections again below this many.',
      '4000',
    ),
    checks: defaulted(
      checks,
      '[]',
      'Checks of this realserver in this service, besides those of the service.',
      'Most realservers of a service are alike.',
      '[{ file: /run/app.up }]',
    ),
  }),
});

interface RawSorry {
  readonly address: Address;
  readonly port: number | undefined;
  readonly mode: 'dr' | 'nat' | 'tun' | undefined;
  readonly quiesce: boolean;
  readonly checks: readonly RawCheck[];
}

export const mode = oneOf('dr', 'nat', 'tun');

export const sorry = spelled<'local' | RawSorry>('local, or { address, port, mode, quiesce, checks }', {
  scalar: oneOf('local'),
  map: record('{ address, port, mode, quiesce, checks }', {
    address: required(address, 'Address of the sorry server.', '192.0.2.200'),
    port: optional(port, "the listener's port", 'Its port.', '8080'),
    mode: optional(mode, "the service's mode", 'How packets get there.', 'nat'),
    quiesce: defaulted(
      flag,
      'false',
      'Keep the realservers at weight 0 beside it; else each leaves the table once its connections have ended.',
      'The table then shows what serves.',
      'true',
    ),
    checks: defaulted(
      checks,
      '[]',
      'Checks of the sorry server itself: while they fail it takes no other server’s place.',
      'A dead sorry server is no worse than none.',
      '[{ tcp: 8080 }]',
    ),
  }),
});
