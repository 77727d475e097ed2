/** Keys of `scripts`, `vrrp` and `sync_groups`. */
import { address, interfaceName, vip } from '../shape/network.ts';
import { absolutePath, duration, flag, integer, name, oneOf, scalar, text } from '../shape/scalars.ts';
import { argv, secret } from '../shape/secret.ts';
import { defaulted, list, mapped, named, optional, record, required, type Shape, spelled } from '../shape/shape.ts';

export const userName = text('a user name', /^[a-z_][a-z0-9_-]{0,31}$/);

/** keepalived allows the same: a weight moves a priority within 1–254. */
const weight = integer(-253, 253);

export const script = record('a script', {
  run: required(argv, 'The command; exit code 0 means up.', '[/usr/bin/pgrep, nginx]'),
  interval: defaulted(
    duration({ least: '100ms', most: '1h' }),
    '1s',
    'Time from one run to the next.',
    'A failover should follow a failure within seconds.',
    '2s',
  ),
  timeout: optional(
    duration({ least: '10ms', most: '1h' }),
    'the interval',
    'A run that takes longer is killed and counts as failed.',
    '1s',
    'Runs never overlap.',
  ),
  weight: defaulted(
    weight,
    '0',
    '0: down means FAULT, the instance gives up. Positive: added to the priority while up. Negative: added while down.',
    'A host whose service is gone should not hold the address, whatever the priorities are.',
    '-20',
  ),
  reverse: defaulted(flag, 'false', 'Swaps up and down.', 'Exit code 0 means success everywhere else.', 'false'),
  rise: defaulted(
    integer(1, 100),
    '1',
    'Successes in a row before a failed script is up again.',
    'Coming back costs nothing: nobody is pre-empted unless asked.',
    '2',
  ),
  fall: defaulted(
    integer(1, 100),
    '2',
    'Failures in a row before an up script is down.',
    'One slow run on a busy host should not move an address.',
    '3',
  ),
  user: defaulted(
    userName,
    'lvs-script',
    'User that runs it.',
    'A check needs no rights; the user is made by apply.',
    'lvs-script',
  ),
  start: defaulted(
    oneOf('up', 'down', 'unknown'),
    'unknown',
    'The state before the first run has ended.',
    'Unknown holds the instance back until the truth is known, a moment later.',
    'down',
  ),
});

const command = (when: string, word: string) =>
  optional(argv, 'nothing is run', `Command to run ${when}.`, `[/usr/local/bin/announce, ${word}]`);

export const notifyUser = defaulted(
  userName,
  'lvs-script',
  'User that runs these commands.',
  'Announcing something needs no rights.',
  'lvs-script',
);

const notify = record('commands to run at transitions', {
  master: command('when it becomes MASTER', 'up'),
  backup: command('when it becomes BACKUP', 'down'),
  fault: command('when it goes to FAULT', 'fault'),
  stop: command('when the agent stops', 'stop'),
  any: command('at every transition', 'any'),
  user: notifyUser,
});

const notifyField = defaulted(
  notify,
  '{}',
  'Commands run at transitions, one after the other, in order.',
  'Nothing is run unless you say so.',
  '{ master: [/usr/local/bin/announce, up] }',
);
const alertField = defaulted(
  flag,
  'true',
  'Whether transitions go out as alerts (when `alerts` is configured).',
  'Who configures alerts wants to hear of failovers.',
  'false',
);

const garp = record('settings of gratuitous ARP', {
  count: defaulted(
    integer(1, 100),
    '5',
    'Announcements at once on becoming MASTER.',
    'The first may be lost; five small frames are nothing.',
    '3',
  ),
  again_after: defaulted(
    duration({ least: '0s', most: '10m' }),
    '5s',
    'Time until the second round.',
    'Switches may still be learning when the first round goes out.',
    '2s',
  ),
  again: defaulted(
    integer(0, 100),
    '5',
    'Announcements in the second round; 0 leaves it out.',
    'As many as in the first.',
    '3',
  ),
  refresh: defaulted(
    duration({ least: '0s', most: '1d' }),
    '60s',
    'One round every so often while MASTER; 0s never.',
    'Heals stale ARP caches left by a split brain.',
    '120s',
  ),
  refresh_count: defaulted(
    integer(1, 100),
    '1',
    'Announcements in each refresh round.',
    'A lost one is followed by the next round.',
    '2',
  ),
  lower_priority: defaulted(
    record('{ count, after }', {
      count: defaulted(
        integer(0, 100),
        '5',
        'Announcements when a MASTER of lower priority was heard.',
        'Its announcements have just poisoned caches.',
        '1',
      ),
      after: defaulted(
        duration({ least: '0s', most: '10m' }),
        '5s',
        'Time until the second such round.',
        'As after becoming MASTER.',
        '1s',
      ),
    }),
    '{}',
    'What is announced when a MASTER of lower priority was heard (the end of a split brain).',
    'Caches point to the loser then.',
    '{ count: 1, after: 1s }',
  ),
  interval: defaulted(
    duration({ least: '0s', most: '10s' }),
    '0s',
    'Least time between two announcements.',
    'Only switches that limit ARP need a pause.',
    '5ms',
  ),
});

const tracked = (what: string, item: typeof interfaceName) =>
  spelled(`${what}, or { name, weight }`, {
    scalar: mapped(item, (one) => ({ name: one, weight: undefined as number | undefined })),
    map: record('{ name, weight }', {
      name: required(item, 'What to track, by name.', 'nginx'),
      weight: optional(
        weight,
        "the script's own weight, else 0",
        'Added to the priority while up (positive) or while down (negative); 0: down means FAULT.',
        '-30',
      ),
    }),
  });

const trackedFile = spelled('an absolute path, or { path, weight }', {
  scalar: mapped(absolutePath, (path) => ({ path, weight: 0 })),
  map: record('{ path, weight }', {
    path: required(absolutePath, 'File to watch; it counts as down while it exists.', '/run/lvs-hold'),
    weight: defaulted(
      weight,
      '0',
      'Added to the priority while the file exists; 0: FAULT.',
      'Whoever creates the file wants this director out.',
      '-60',
    ),
  }),
});

const track = record('what the instance watches', {
  interfaces: defaulted(
    list(tracked('an interface', interfaceName)),
    '[]',
    'Interfaces whose link must be up, besides its own.',
    'Its own interface is always tracked.',
    '[{ name: eth0, weight: -20 }]',
  ),
  scripts: defaulted(
    list(tracked('the name of a script', name)),
    '[]',
    'Scripts of the section `scripts`.',
    'Nothing is tracked unless named.',
    '[{ name: nginx, weight: -30 }]',
  ),
  services: defaulted(
    list(tracked('the name of a service', name)),
    '[]',
    'Services that must have living realservers.',
    'Losing all realservers rarely gets better on the other director.',
    '[{ name: http, weight: -50 }]',
  ),
  files: defaulted(
    list(trackedFile),
    '[]',
    'Files whose existence takes the director out.',
    'Nothing is watched unless named.',
    '[{ path: /run/lvs-hold, weight: -60 }]',
  ),
});

const authentication = record('{ pass: … }', {
  pass: required(
    secret,
    'Simple password of version 2, at most 8 bytes, sent in clear. For interoperation only.',
    '"${env:VRRP_PASS}"',
  ),
});

const hmac = record('{ key, mode }', {
  key: required(secret, 'Shared key, 32 to 64 bytes.', '"${file:secrets/vrrp.key}"'),
  mode: defaulted(
    oneOf('receive', 'permissive', 'enforce'),
    'enforce',
    'receive: accept signed adverts; permissive: send them too; enforce: drop unsigned ones.',
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
    'the `dip` of the interface',
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
    'Signed adverts (28-byte HMAC-SHA256 trailer, as keepalived 2.4.2).',
    '{ key: "${file:secrets/vrrp.key}", mode: enforce }',
  ),
  preempt: defaulted(
    flag,
    'false',
    'Whether a director of higher priority takes over from a living MASTER.',
    'A returning director knows few of the connections: taking over cuts them.',
    'true',
  ),
  preempt_delay: defaulted(
    duration({ least: '0s', most: '1d' }),
    '0s',
    'How long it waits before it pre-empts.',
    'Who asks for pre-emption mostly wants it now.',
    '30s',
  ),
  virtual_mac: defaulted(
    record('{ enabled, transmit_from }', {
      enabled: defaulted(
        flag,
        'false',
        'Hold the addresses on the virtual MAC 00:00:5e:00:01:VRID.',
        'A macvlan brings reverse-path and firewall surprises; gratuitous ARP is enough.',
        'true',
      ),
      transmit_from: defaulted(
        oneOf('virtual', 'base'),
        'virtual',
        'Which interface sends the adverts.',
        'RFC 9568 section 7.2 wants the virtual MAC as source.',
        'base',
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
    'RFC 5798 and keepalived include the pseudo-header; some routers do not.',
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
