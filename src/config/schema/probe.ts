/** Keys that all checks share: when a probe goes out, and where it goes. */
import { address, port } from '../shape/network.ts';
import { duration, integer, oneOf } from '../shape/scalars.ts';
import { defaulted, optional, record } from '../shape/shape.ts';

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
  mark: optional(
    integer(1, 0xffffffff),
    'none',
    "Firewall mark of the probe's packets, for policy routing. Not one of `ipvs.probe_marks` or of a service: IPVS would take the probe for its clients'.",
    '77',
  ),
  via: defaulted(
    oneOf('rip', 'vip'),
    'rip',
    "rip: probe the realserver's own address; vip: the path that clients take, to each listener of the service (of `port`, where the check names one) and through IPVS on this director to that realserver, MASTER or not: a VIP that is missing on the realserver, an application that listens on its own address only and a dead tunnel are found. For tcp, http, https, smtp, dns and udp checks; address, source and mark are chosen by the agent. With DR and TUN it sets accept_local on the interface that the answers come in by.",
    'The plain probe needs no marks and lets no packet in that claims to be from this host; the other finds what only clients would.',
    'vip',
  ),
};

/** Every kind of check takes these. */
export const common = { ...timing, ...target };
