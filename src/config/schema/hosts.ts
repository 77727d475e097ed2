/** Keys of `ssh`, `directors`, `realservers` and `groups`. */
import { address, interfaceName, port, vip } from '../shape/network.ts';
import { integer, name, oneOf, text, word } from '../shape/scalars.ts';
import { defaulted, list, mapped, named, oneOrMore, optional, record, required, spelled } from '../shape/shape.ts';

const sshWord = text('text without spaces', /^[^\s-]\S*$/);

export const ssh = record('connection settings', {
  host: optional(sshWord, "the host's name in the topology", 'Address or name to connect to.', 'lb1.mgmt.example.com'),
  user: optional(sshWord, '~/.ssh/config, else your own user name', 'User to log in as.', 'admin'),
  port: optional(port, '~/.ssh/config, else 22', 'Port of sshd.', '2222'),
  identity: optional(
    text('a path', /./),
    "the agent's keys, then ~/.ssh/config and its default files",
    'Private key file; ~ is your home, a relative path is relative to the topology.',
    '~/.ssh/id_ed25519',
  ),
  jump: optional(
    sshWord,
    '~/.ssh/config, else none',
    'Host to go through, as in `ssh -J`: [user@]host[:port].',
    'bastion.example.com',
  ),
  become: optional(
    oneOf('none', 'sudo', 'doas'),
    'none when the user is root, else sudo',
    'How to become root on the host.',
    'sudo',
  ),
});

const sysctlName = text('the name of a sysctl such as net.core.somaxconn', /^[a-z0-9][A-Za-z0-9_./-]*$/);

export const sysctls = named(sysctlName, word);

const sysctlField = defaulted(
  sysctls,
  '{}',
  'Further sysctls to set on this host, live and persistently.',
  'What LVS needs is set without being asked; this is for what your own traffic needs.',
  '{ net.core.netdev_max_backlog: 10000 }',
);

const sshField = optional(
  ssh,
  'the settings under the top-level `ssh`',
  'Connection settings of this host only.',
  '{ host: lb1.mgmt.example.com }',
);

export const sshDefaults = optional(
  ssh,
  '~/.ssh/config and the inventory',
  "Connection settings of all hosts; a host's own `ssh` and the inventory override them.",
  '{ user: admin, become: sudo }',
);

export const director = record('a director', {
  dip: required(
    named(interfaceName, oneOrMore(address), 1),
    "The director's own addresses by interface, one or a list. VRRP speaks on the first unless an instance says otherwise, from the first address of its family; connection sync uses the last.",
    '{ eth0: [192.0.2.11, "2001:db8::11"], eth1: 198.51.100.11 }',
  ),
  vips: defaulted(
    list(vip),
    '[]',
    'Addresses that this director holds by itself, without VRRP.',
    'With two directors an address belongs to an instance, so that it can move.',
    '[192.0.2.109]',
  ),
  ssh: sshField,
  sysctl: sysctlField,
});

const gateway = spelled('the address of a gateway, or { via: address, scope: rip | host }', {
  scalar: mapped(address, (via) => ({ via, scope: 'rip' as 'rip' | 'host' })),
  map: record('{ via: address, scope: rip | host }', {
    via: required(address, 'The inside virtual address through which answers leave.', '192.0.2.102'),
    scope: defaulted(
      oneOf('rip', 'host'),
      'rip',
      'rip: a policy rule for packets from the RIP only; host: the default route of the whole host too.',
      "The host's own default route carries your SSH session and everything else: it is touched only when asked.",
      'host',
    ),
  }),
});

export const realserver = record('a realserver', {
  rip: required(
    oneOrMore(address),
    "The realserver's own address, to which the directors send, or one of each family: a service uses that of its listeners.",
    '[192.0.2.21, "2001:db8::21"]',
  ),
  weight: defaulted(
    integer(0, 65535),
    '1',
    'Weight in every service that does not give one of its own; 0 gets no new connections.',
    'Equal shares until something is known about the machines.',
    '4',
  ),
  gateway: optional(
    gateway,
    'none; required for NAT',
    "For NAT: the directors' inside virtual address. Answers from the RIP go back through it.",
    '{ via: 192.0.2.102, scope: host }',
  ),
  ssh: sshField,
  sysctl: sysctlField,
});

export const groups = named(name, list(name));
