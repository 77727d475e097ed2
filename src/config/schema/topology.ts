/** The whole format: the one source of validation, defaults, `explain` and the JSON Schema. */
import { name, oneOf, text } from '../shape/scalars.ts';
import { defaulted, named, optional, record, required, type Shaped } from '../shape/shape.ts';
import { director, groups, realserver, sshDefaults } from './hosts.ts';
import { alerts, dns, ipvs, sync } from './kernel.ts';
import { checkDefaults } from './probe.ts';
import { script } from './script.ts';
import { service } from './service.ts';
import { instance, syncGroup } from './vrrp.ts';

export const topology = record(
  'a topology: a mapping with `cluster`, `directors`, `realservers`, `vrrp`, `services` …',
  {
    cluster: required(name, 'Name of the cluster; managed files, locks and logs carry it.', 'shop', ''),
    ssh: sshDefaults,
    inventory: optional(
      text('a path', /./),
      'none',
      'An Ansible YAML inventory whose hosts lend connection settings by name.',
      '../example.yaml',
    ),
    firewall: defaulted(
      oneOf('manage', 'check', 'ignore'),
      'check',
      'manage: open what is needed; check: say what is closed; ignore: do not look.',
      "A firewall is somebody's decision: it is not changed without being asked.",
      'manage',
    ),
    directors: required(
      named(name, director, 1),
      'The hosts that balance and hold the virtual addresses.',
      '{ lb1: { dip: { eth1: 192.0.2.11 } } }',
      [],
    ),
    realservers: defaulted(
      named(name, realserver),
      '{}',
      'The hosts that serve.',
      'A cluster may only move addresses.',
      '{ web1: { rip: 192.0.2.21 } }',
    ),
    groups: defaulted(
      groups,
      '{}',
      'Names for sets of realservers.',
      'Small clusters need none.',
      '{ v4: [web1, web2] }',
    ),
    scripts: defaulted(
      named(name, script),
      '{}',
      'Commands whose result instances track.',
      'The link of the interface is tracked anyway.',
      '{ nginx: { run: [/usr/bin/pgrep, nginx] } }',
    ),
    vrrp: defaulted(
      named(name, instance),
      '{}',
      'VRRP instances: addresses that move between directors.',
      'One director needs none.',
      '{ public: { vrid: 51, vips: [192.0.2.100], prefer: [lb1, lb2] } }',
    ),
    sync_groups: defaulted(
      named(name, syncGroup),
      '{}',
      'Instances that move together.',
      'NAT needs one: outside and inside addresses.',
      '{ both: [public, inside] }',
    ),
    sync: defaulted(
      sync,
      '{}',
      'Connection sync between the directors.',
      'On, with the settings under which idle connections survive too.',
      '{ interface: eth1 }',
    ),
    ipvs: defaulted(
      ipvs,
      '{}',
      'Settings of the balancer in the kernel.',
      'See its keys.',
      '{ timeouts: { tcp: 20m } }',
    ),
    alerts: defaulted(
      alerts,
      '{}',
      'Where transitions and verdicts are reported.',
      'The journal has them anyway.',
      '{ webhook: { url: "https://alerts.example.com/hook" } }',
    ),
    check_defaults: defaulted(
      checkDefaults,
      '{}',
      'Timing of all checks that do not give their own.',
      'See its keys.',
      '{ interval: 10s, timeout: 1s }',
    ),
    dns: defaulted(
      dns,
      '{}',
      'Records for `lvsctl export dns`: a name and its virtual addresses.',
      'Only you know your names.',
      '{ www.example.com: [192.0.2.100] }',
    ),
    services: defaulted(
      named(name, service),
      '{}',
      'Virtual services: what clients connect to.',
      'A cluster may only move addresses.',
      '{ http: { listen: 192.0.2.100:80, mode: dr } }',
    ),
  },
);

export type RawTopology = Shaped<typeof topology>;
