/** Keys of `sync`, `ipvs` and `alerts`. */
import { address, interfaceName, markRange, port } from '../shape/network.ts';
import { duration, flag, integer, oneOf, scalar, text, word } from '../shape/scalars.ts';
import { secret } from '../shape/secret.ts';
import { defaulted, list, mapped, named, optional, record, required, type Shape } from '../shape/shape.ts';

const thresholds = list(integer(0, 65535));

/** Two numbers: the kernel\'s net.ipv4.vs.sync_threshold. */
const threshold: Shape<readonly [number, number]> = {
  ...thresholds,
  expected: 'two numbers: the first packet to sync, then every n-th',
  parse(raw, findings) {
    const before = findings.length;
    const [first, every, ...more] = thresholds.parse(raw, findings) ?? [];
    if (first !== undefined && every !== undefined && more.length === 0 && first < every) return [first, every];
    if (findings.length === before) {
      const expected = 'two numbers, the first below the second, such as [2, 50]';
      const at = { ...raw.position, path: raw.path, suggestion: null, severity: 'error' as const };
      findings.push({ ...at, message: 'this is no threshold', expected });
    }
    return undefined;
  },
};

export const sync = record('settings of connection sync', {
  enabled: defaulted(
    flag,
    'true',
    'Whether the directors tell each other their connections.',
    'Without it a failover resets every connection.',
    'true',
  ),
  interface: optional(
    interfaceName,
    'that of the last `dip` of each director',
    "Interface for sync messages; they are not authenticated, so not the clients' network.",
    'eth1',
  ),
  id: optional(
    integer(1, 255),
    'the VRID of the first instance, else 1',
    'Sync id: only directors with the same id listen to each other.',
    '51',
  ),
  threshold: defaulted(
    threshold,
    '[2, 50]',
    'A connection is synced at its first-th packet, then every n-th.',
    'The first packet (1) is the SYN, which is not synced: idle connections would be lost.',
    '[2, 50]',
  ),
  maxlen: defaulted(
    integer(24, 65515),
    '64',
    'Bytes of a sync message.',
    'The kernel holds a partly filled message up to 2s: a small one leaves early.',
    '128',
  ),
  port: defaulted(port, '8848', 'UDP port of sync messages.', "The kernel's own default.", '8849'),
  ttl: defaulted(integer(1, 255), '1', 'TTL of sync messages.', 'They should not leave the segment.', '2'),
  group: optional(
    address,
    '224.0.0.81; ff02::81 where every `dip` of the interface is IPv6',
    'Multicast group of sync messages.',
    '224.0.0.82',
    "The kernel's own default. Messages go out from an address of the group's family.",
  ),
});

/** The kernel keeps these in whole seconds. */
const kernelTimeout = duration({ least: '1s', most: '24d', step: '1s' });
const vsSysctl = text('a sysctl below net.ipv4.vs, such as expire_nodest_conn', /^[a-z][a-z0-9_]*$/);

export const ipvs = record('settings of IPVS', {
  timeouts: defaulted(
    record('{ tcp, tcp_fin, udp }', {
      tcp: optional(kernelTimeout, "the kernel's: 15m", 'Idle TCP connections are forgotten after this.', '20m'),
      tcp_fin: optional(kernelTimeout, "the kernel's: 2m", 'Closed TCP connections are forgotten after this.', '1m'),
      udp: optional(kernelTimeout, "the kernel's: 5m", 'UDP conversations are forgotten after this.', '2m'),
    }),
    '{}',
    'Timeouts of connection entries, as `ipvsadm --set`.',
    "The kernel's own are kept.",
    '{ tcp: 20m, tcp_fin: 1m, udp: 2m }',
  ),
  connection_table_bits: optional(
    integer(8, 20),
    "the kernel's: 12",
    'Hash buckets of the connection table, as a power of two. It takes effect when ip_vs is loaded: on a director where that has been done with another size, at its next boot, of which `plan` warns until then.',
    '20',
    'Far more than a million connections at once make its chains long. A bucket takes 8 bytes.',
  ),
  on_start: defaulted(
    oneOf('adopt', 'flush'),
    'adopt',
    'What the agent does with the table it finds.',
    'A restart of the agent must not cut connections.',
    'flush',
  ),
  on_stop: defaulted(
    oneOf('keep', 'flush'),
    'keep',
    'What a stopping agent does with the table; the virtual addresses always go.',
    'Connections that pass this director go on.',
    'flush',
  ),
  probe_marks: defaulted(
    markRange,
    '0x4c560000/16',
    'Firewall marks reserved for the agent: one for each realserver that a check with `via: vip` probes, and at the end of the range one for each director, for planned hand-overs. Services and checks may not use them; status does not show them.',
    '"LV": unlikely to be in use.',
    '0x4c570000/16',
  ),
  sysctl: defaulted(
    named(vsSysctl, word),
    '{}',
    'Sysctls below net.ipv4.vs. Set anyway: conn_reuse_mode 3 with DR and TUN, expire_quiescent_template 1, expire_nodest_conn 0, backup_only 0.',
    'Mode 3 sends reused source ports of a drained realserver elsewhere; expire_nodest_conn 1 would cut connections at one failed check.',
    '{ expire_nodest_conn: 1 }',
  ),
});

interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

const mailServer: Shape<HostPort> = scalar('a host, or host:port', { type: 'string' }, (raw) => {
  const [, six, plain, portText] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(raw.source) ?? [];
  const host = six ?? plain;
  if (host === undefined || Number(portText ?? 1) > 65535 || Number(portText ?? 1) === 0) return undefined;
  return { host, port: portText === undefined ? undefined : Number(portText) };
});

const mailbox = text('a mail address', /^[^\s@<>]+@[^\s@<>]+$/);
const headerName = text('a header name', /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/);

const smtp = record('a mail server', {
  server: required(
    mailServer,
    'Host and port of the mail server; the port follows `tls` unless written (465, 587, 25).',
    '"mail.example.com:587"',
  ),
  from: required(mailbox, 'Sender.', 'lvs@example.com'),
  to: required(list(mailbox, 1), 'Receivers.', '[ops@example.com]'),
  helo: optional(
    text('a host name', /^[A-Za-z0-9.[\]:-]+$/),
    "the director's name",
    'Name given in HELO.',
    'lb.example.com',
  ),
  tls: defaulted(
    oneOf('required', 'starttls', 'none'),
    'starttls',
    'required: TLS from the first byte; starttls: upgrade before anything is said. Without it, or with a certificate that no root of the system signs, nothing is sent. none: in clear.',
    'What mail servers offer for submission.',
    'required',
  ),
  user: optional(text('a user', /./), 'no login', 'User to log in as.', 'lvs'),
  password: optional(secret, 'none', 'Password of that user.', '"${cmd:pass show lvs/smtp}"'),
  timeout: defaulted(
    duration({ least: '1s', most: '10m' }),
    '30s',
    'Time for one mail.',
    'Mail servers greet slowly on purpose.',
    '10s',
  ),
});

const webhook = record('{ url, headers }', {
  url: required(
    text('an http or https URL', /^https?:\/\/\S+$/),
    'Where each alert is posted as JSON: { schema: 1, id, at, cluster, director, kind, name, service, from, to, cause, late, message }. Any 2xx within 10s takes it; redirects are not followed.',
    '"https://alerts.example.com/hook"',
  ),
  headers: defaulted(
    named(headerName, secret),
    '{}',
    'Further headers; their values are secrets.',
    'Many hooks carry their token in the URL.',
    '{ authorization: "${env:HOOK_TOKEN}" }',
  ),
});

export const alerts = record('{ smtp, webhook }', {
  smtp: optional(
    smtp,
    'no mail',
    'Alerts by mail: a burst is one mail, and there is one a minute at most. What cannot be sent is tried again for three days.',
    '{ server: "mail.example.com:587", from: lvs@example.com, to: [ops@example.com] }',
  ),
  webhook: optional(
    webhook,
    'none',
    'Alerts by HTTP, one request each. What cannot be sent is tried again for three days.',
    '{ url: "https://alerts.example.com/hook" }',
  ),
});

export const dns = mapped(
  named(text('a domain name', /^[A-Za-z0-9*_][A-Za-z0-9._*-]{0,252}$/), list(address, 1)),
  (entries) => entries,
);
