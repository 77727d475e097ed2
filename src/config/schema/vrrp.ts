/** Keys of `vrrp` and `sync_groups`. */
import { address, interfaceName, vip } from '../shape/network.ts';
import { duration, flag, integer, name, oneOf, scalar } from '../shape/scalars.ts';
import { secret } from '../shape/secret.ts';
import { defaulted, list, mapped, named, optional, record, required, type Shape, spelled } from '../shape/shape.ts';
import { garp } from './garp.ts';
import { alertField, notifyField } from './notify.ts';
import { track } from './track.ts';

const authentication = record('{ pass: … }', {
  pass: required(
    secret,
    'Simple password of version 2, at most 8 bytes, sent in clear. For interoperation only.',
    '"${env:VRRP_PASS}"',
  ),
});

const hmac = record('{ key, mode }', {
  key: required(
    secret,
    'Shared key, 32 to 64 bytes: `hex:` and digits, or a passphrase, as in keepalived. Another one is taken into use when all directors have it. Its number in the adverts comes of the key; a number before `hex:` (as in `2 hex:00…`) says another.',
    '"${file:secrets/vrrp.key}"',
  ),
  mode: defaulted(
    oneOf('receive', 'permissive', 'enforce'),
    'enforce',
    'receive: accept signed adverts; permissive: send them too; enforce: drop unsigned ones. keepalived calls the first receive-only.',
    'Half a protection is for the days of a migration only.',
    'enforce',
  ),
});

const startAfter = record('{ link_up, verdicts }', {
  link_up: defaulted(
    duration({ least: '0s', most: '10m' }),
    '2s',
    'The link must be up this long before the instance may become MASTER.',
    'Switch ports do not forward at once (spanning tree may take 30s).',
    '10s',
  ),
  verdicts: defaulted(
    flag,
    'true',
    'Wait for the first verdict of every check, 10s at most.',
    'A director that knows no living realserver should not take an address.',
    'true',
  ),
});

const version: Shape<2 | 3> = scalar('2 or 3', { enum: [2, 3] }, ({ value }) =>
  value === 2 || value === 3 ? value : undefined,
);

export const instance = record('a VRRP instance', {
  vrid: required(integer(1, 255), 'Virtual router id: unique on its network segment.', '51'),
  version: defaulted(
    version,
    '3',
    'VRRP version.',
    'Version 3 has sub-second adverts and IPv6; 2 is for old peers.',
    '2',
  ),
  interface: optional(
    interfaceName,
    'the first `dip` of each director',
    'Interface on which the instance speaks.',
    'eth1',
  ),
  vips: required(list(vip, 1), 'Addresses that move with the instance and are advertised.', '[192.0.2.100]'),
  extra_vips: defaulted(
    list(vip),
    '[]',
    'Addresses moved with the instance but not advertised.',
    'An advert has room for few addresses; most instances need no more.',
    '[192.0.2.102]',
  ),
  prefer: optional(
    list(name, 1),
    'none; either this or `priority`',
    'Directors in the order of preference: priorities 110, 100, 90 …; who is not listed takes no part.',
    '[lb1, lb2]',
  ),
  priority: optional(
    named(name, integer(1, 255)),
    'from `prefer`',
    'Priorities by director, instead of `prefer`; 255 is the owner of the address.',
    '{ lb1: 110, lb2: 100 }',
  ),
  advert_interval: defaulted(
    duration({ least: '10ms', most: '255s', step: '10ms' }),
    '1s',
    'Time between adverts. A dead MASTER is replaced after three of them and a skew. Version 3: 10ms to 40950ms; version 2: whole seconds.',
    'Agents restart without a failover from 1s up; 100ms fails over in 0.4s.',
    '100ms',
  ),
  source: optional(
    address,
    'the first `dip` of the interface that has the family of `vips`; for IPv6 over multicast its link-local address',
    'Source address of adverts, for the director that has it.',
    '198.51.100.11',
  ),
  garp: defaulted(
    garp,
    '{}',
    'Gratuitous ARP: how a new MASTER tells the network.',
    '5 at once, 5 more after 5s, one every 60s reach every switch and heal stale caches.',
    '{ count: 3, refresh: 120s }',
  ),
  hmac: optional(
    hmac,
    'off',
    'Signed adverts (28-byte HMAC-SHA256 trailer, as keepalived 2.4.2): who has no key is not believed, and nothing twice. The clocks of the directors must agree to max(3 × advert_interval, 5s).',
    '{ key: "${file:secrets/vrrp.key}", mode: enforce }',
  ),
  preempt: defaulted(
    flag,
    'false',
    'Whether a director of higher priority takes over from a living MASTER. A sync group does as soon as one member shall.',
    'A returning director knows few of the connections: taking over cuts them.',
    'true',
  ),
  preempt_delay: defaulted(
    duration({ least: '0s', most: '1d' }),
    '0s',
    'How long it waits before it pre-empts, from when it first hears a MASTER of lower priority: one that came first, or one that a tracker has lowered.',
    'Who asks for pre-emption mostly wants it now.',
    '30s',
  ),
  virtual_mac: defaulted(
    record('{ enabled, transmit_from }', {
      enabled: defaulted(
        flag,
        'false',
        'Hold the addresses on an interface of their own, vrrp.VRID (a macvlan) with the MAC 00:00:5e:00:01:VRID, or vrrp6.VRID with 00:00:5e:00:02:VRID for IPv6: neighbours learn nothing new at a failover. Addresses on other interfaces than the instance’s stay there.',
        'Gratuitous ARP is enough for most; wireless networks, and hypervisors and clouds unless told, drop frames of a MAC that they did not give; and firewall rules for the instance’s interface no longer match (what clients send comes in by vrrp.VRID).',
        'true',
      ),
      transmit_from: optional(
        oneOf('virtual', 'base'),
        'virtual for multicast, base for unicast',
        'Whether adverts come from the virtual MAC or from that of the instance’s interface.',
        'base',
        'RFC 9568 section 7.2 wants the virtual MAC, by which switches learn where it is; to send by unicast from it, the director would have to ask for its peers in its own name, and be taken to be there.',
      ),
    }),
    '{}',
    'The virtual MAC address of RFC 9568.',
    'Off: see `enabled`.',
    '{ enabled: true, transmit_from: base }',
  ),
  track: defaulted(
    track,
    '{}',
    'What must be well for the instance to hold its addresses.',
    'Its own interface is always tracked.',
    '{ scripts: [{ name: nginx, weight: -30 }] }',
  ),
  start_after: defaulted(
    startAfter,
    '{}',
    'What must have happened before the instance may become MASTER.',
    'A booting director must not win with a dead link or an empty table.',
    '{ link_up: 10s, verdicts: true }',
  ),
  notify: notifyField,
  alert: alertField,
  transport: defaulted(
    oneOf('unicast', 'multicast'),
    'unicast',
    'How adverts travel.',
    'The addresses of all speakers are known, and clouds carry no multicast.',
    'multicast',
  ),
  multicast_group: optional(
    address,
    '224.0.0.18, or ff02::12 for IPv6',
    'Group for `transport: multicast`.',
    '224.0.0.118',
  ),
  authentication: optional(authentication, 'none', 'Version 2 password.', '{ pass: "${env:VRRP_PASS}" }'),
  peers: defaulted(
    list(address),
    '[]',
    'Speakers that lvsctl does not manage, as during a migration.',
    'The directors of the topology are peers already.',
    '[192.0.2.14]',
  ),
  checksum: defaulted(
    oneOf('pseudo-header', 'plain'),
    'pseudo-header',
    'What the checksum of version 3 over IPv4 covers.',
    'RFC 5798, keepalived and FRR include the pseudo-header and discard packets without; RFC 9568 and some routers leave it out.',
    'plain',
  ),
});

export const syncGroup = spelled('a list of instances, or { members, notify, alert }', {
  list: mapped(list(name, 1), (members) => ({ members, notify: notifyField.fallback(), alert: true })),
  map: record('{ members, notify, alert }', {
    members: required(list(name, 1), 'Instances that go to MASTER and BACKUP together.', '[public, plain]'),
    notify: notifyField,
    alert: alertField,
  }),
});
