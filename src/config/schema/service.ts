/** Keys of `services`. */
import { listener, port } from '../shape/network.ts';
import { duration, flag, integer, oneOf, share } from '../shape/scalars.ts';
import { argv } from '../shape/secret.ts';
import { defaulted, list, oneOrMore, optional, record, required } from '../shape/shape.ts';
import { checks, mode, sorry, use } from './destination.ts';
import { notifyUser } from './notify.ts';
import { fwmark, persistence, scheduler } from './scheduler.ts';

const tunnel = record('{ type, port, checksum }', {
  type: defaulted(
    oneOf('ipip', 'gue', 'gre'),
    'ipip',
    'Encapsulation to the realservers, which are set up for it. gue: in UDP, which equal-cost routes and firewalls tell apart (directors with Linux 5.2, 5.3 for a checksum); gre: 5.3.',
    'Every kernel and every host speaks it.',
    'gue',
  ),
  port: defaulted(
    port,
    '6080',
    'UDP port of GUE on the realservers: the kernel listens there, and nothing else can.',
    'The port registered for GUE.',
    '6080',
  ),
  checksum: defaulted(
    flag,
    'true',
    'Whether GUE and GRE carry a checksum. GRE services that share a realserver must agree: its device takes one kind only.',
    'The inner checksum does not cover the tunnel header.',
    'false',
  ),
});

const quorum = record('{ weight, hysteresis, up, down, on_stop }', {
  weight: defaulted(
    integer(1, 1_000_000),
    '1',
    'Sum of the weights of living realservers that the service needs.',
    'One realserver serves.',
    '3',
  ),
  hysteresis: defaulted(
    integer(0, 1_000_000),
    '0',
    'Lost below weight − this, regained from weight + this.',
    'Matters only where weights come and go.',
    '1',
  ),
  up: optional(
    argv,
    'nothing is run',
    'Command when the quorum is there or is regained, run by the user of `notify`.',
    '[/usr/local/bin/quorum, up]',
  ),
  down: optional(argv, 'nothing is run', 'Command when the quorum is lost.', '[/usr/local/bin/quorum, down]'),
  on_stop: defaulted(
    oneOf('down', 'none'),
    'none',
    'down: run the `down` command when the agent stops.',
    'The table stays in the kernel, and goes on serving.',
    'down',
  ),
});

const rsCommand = (word: string) =>
  optional(
    argv,
    'nothing is run',
    `Command when a realserver of the service goes ${word}.`,
    `[/usr/local/bin/rs, ${word}]`,
  );

export const service = record('a virtual service', {
  listen: required(
    oneOrMore(listener),
    'Virtual address and port, /tcp unless written otherwise (/udp, /sctp); an IPv6 address stands in brackets. Several, all of one family, make one kernel service each; with `fwmark` they are one.',
    '[192.0.2.100:80, 192.0.2.101:80]',
  ),
  fwmark: optional(
    fwmark,
    'none',
    'Makes the list one service on a firewall mark; `auto` picks a mark. The marking rules are made by apply.',
    'auto',
  ),
  mode: required(
    mode,
    'dr: direct routing, same network, answers go straight to clients; nat: through the director both ways; tun: IP tunnelling.',
    'dr',
  ),
  tunnel: defaulted(
    tunnel,
    '{}',
    'Encapsulation for `mode: tun`.',
    'Plain IP in IP.',
    '{ type: gue, port: 6080, checksum: false }',
  ),
  scheduler: defaulted(
    scheduler,
    'wlc',
    'How a new connection chooses its realserver.',
    'Weighted least connections evens out slow and fast requests.',
    '{ name: mh, flags: [port], fallback: true }',
  ),
  one_packet: defaulted(
    flag,
    'false',
    'UDP: schedule every datagram by itself.',
    'Most UDP protocols expect a conversation to stay on one host.',
    'true',
  ),
  persistence: optional(
    persistence,
    'off',
    'A client keeps its realserver for this long.',
    '{ timeout: 6m, netmask: 255.255.255.0 }',
    'Applications should not need it, and it evens out badly.',
  ),
  realservers: optional(
    list(use, 1),
    'all realservers of the same address family',
    'Realservers and groups; a later entry overrides an earlier one.',
    '[v4, { name: web1, weight: 10 }]',
  ),
  checks: defaulted(
    checks,
    '[]',
    'Checks of each realserver: all must pass. None: always up.',
    'Only you know what a healthy answer is.',
    '[{ http: /healthz }]',
  ),
  start: defaulted(
    oneOf('down', 'up'),
    'down',
    'State of a new realserver before its first verdict; one that is adopted stays as it was.',
    'A new realserver has proved nothing yet.',
    'up',
  ),
  on_fail: optional(
    record('{ action, after }', {
      action: optional(
        oneOf('quiesce', 'remove'),
        'quiesce; remove for scheduler dh',
        'quiesce: weight 0, connections go on; remove: delete it from the table.',
        'remove',
        'One failed check must not cut connections that still work. dh has no fallback: at weight 0 it would refuse clients.',
      ),
      after: defaulted(
        duration({ least: '0s', most: '1d' }),
        '0s',
        'Wait this long after the verdict; for `remove`, weight 0 meanwhile.',
        'The retries have waited already.',
        '30s',
      ),
    }),
    'quiesce at once; remove for scheduler dh',
    'What happens to a realserver whose checks fail.',
    '{ action: remove, after: 30s }',
  ),
  slow_start: defaulted(
    duration({ least: '0s', most: '1d' }),
    '0s',
    'Raise the weight of a realserver that begins to serve from 1 to its own over this time; what an operator has set counts at once.',
    'Most applications are at full speed at once.',
    '30s',
  ),
  drain: defaulted(
    record('{ timeout, persistent }', {
      timeout: defaulted(
        duration({ least: '0s', most: '7d' }),
        '10m',
        'How long a drain waits for connections to end.',
        'Long downloads end, forgotten ones do not hold up maintenance.',
        '20m',
      ),
      persistent: defaulted(
        oneOf('move', 'wait'),
        'move',
        'move: persistent clients get another realserver at their next connection; wait: until their time is over.',
        'A drain that new connections still enter does not end.',
        'wait',
      ),
    }),
    '{}',
    'How a realserver is taken out.',
    '10m, persistent clients move.',
    '{ timeout: 20m, persistent: wait }',
  ),
  quorum: defaulted(
    quorum,
    '{}',
    'How many realservers the service needs.',
    'One is enough.',
    '{ weight: 3, hysteresis: 1 }',
  ),
  fail_open: optional(
    record('{ share }', {
      share: optional(
        share,
        '80%; 100% with a sorry server',
        'From this share of those that live failing within one interval, two at least, the last set is kept until they recover, or until failing is no longer common; 100% turns it off. What a file check says is meant, and never counts.',
        '60%',
        'When nearly all fail at once, the check or the network is broken, not they. With a sorry server you have said where clients go.',
      ),
    }),
    '80%; off with a sorry server',
    'What to do when nearly all realservers fail at once. Where another director sees them well, the role is handed over to it.',
    '{ share: 60% }',
    'See `share`.',
  ),
  sorry: optional(
    sorry,
    'none',
    "Where clients go when the quorum is lost: `local` is the director's own server on VIP and port, on every director.",
    '{ address: 192.0.2.200, port: 8080, mode: nat }',
  ),
  notify: defaulted(
    record('{ up, down, user }', { up: rsCommand('up'), down: rsCommand('down'), user: notifyUser }),
    '{}',
    'Commands run when a realserver of the service comes or goes, for 30s each at most. The environment has LVS_SERVICE and LVS_REALSERVER beside what instances get.',
    'Nothing is run unless you say so.',
    '{ up: [/usr/local/bin/rs, up] }',
  ),
  only_when_master: defaulted(
    flag,
    'false',
    'No checks and no table while this director is not MASTER of an address of the service; the first checks then come with the failover.',
    'A BACKUP that has checked already takes over at once.',
    'true',
  ),
});
