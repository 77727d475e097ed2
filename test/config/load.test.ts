import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { type Loaded, loadTopology } from '../../src/config/load.ts';
import { problemLine } from '../../src/config/problem.ts';
import { casesIn } from './cases.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TOPOLOGIES = globSync('inventory/topologies/*.yaml', { cwd: ROOT }).sort();

function read(path: string): string {
  return readFileSync(resolve(ROOT, path), 'utf8');
}

function loaded(text: string, file = '/etc/lvs/topology.yaml'): Loaded {
  const result = loadTopology(text, file);
  if ('problems' in result) throw new Error(result.problems.map(problemLine).join('\n'));
  return result;
}

function linesOf(text: string): string[] {
  const result = loadTopology(text, 't');
  const problems = 'problems' in result ? result.problems : result.warnings;
  return problems.map((problem) => problemLine(problem).replace(/^t:/, ''));
}

describe('loadTopology says all that is wrong, at its line and column', () => {
  const cases = casesIn('cases/*.yaml', import.meta.dirname);

  it('has cases', () => expect(cases.length).toBeGreaterThan(50));

  it.each(cases.map((one) => [one.title, one] as const))('%s', (_title, { text, expected }) => {
    expect(linesOf(text)).toEqual(expected);
  });
});

describe('the topologies that ship', () => {
  it('are nine', () => expect(TOPOLOGIES.length).toBe(9));

  it.each(TOPOLOGIES)('%s is valid', (path) => {
    expect(loaded(read(path), path).config.cluster).not.toBe('');
  });

  it.each(TOPOLOGIES.filter((path) => basename(path) !== 'full.yaml'))('%s can be acted upon whole', (path) => {
    const { unsupported, warnings } = loaded(read(path), path);
    expect(unsupported).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe('the Config of dr.yaml', () => {
  const { config } = loaded(read('inventory/topologies/dr.yaml'));

  it('has the defaults of the design', () => {
    const [instance] = config.instances;
    expect(instance).toMatchObject({
      name: 'public',
      vrid: 51,
      version: 3,
      family: 4,
      advertIntervalMs: 1000,
      transport: 'unicast',
      checksum: 'pseudo-header',
      preempt: false,
      virtualMac: { enabled: false },
      garp: { count: 5, againAfterMs: 5000, again: 5, refreshMs: 60_000, refreshCount: 1, intervalMs: 0 },
      startAfter: { linkUpMs: 2000, verdicts: true },
    });
    expect(config.sync).toEqual({
      enabled: true,
      interface: null,
      id: 51,
      threshold: [2, 50],
      maxlen: 64,
      port: 8848,
      ttl: 1,
      group: '224.0.0.81',
    });
    expect(config.ipvs.sysctl).toEqual({
      conn_reuse_mode: '3',
      expire_quiescent_template: '1',
      expire_nodest_conn: '0',
      backup_only: '0',
    });
    expect(config).toMatchObject({ firewall: 'check', ipvs: { onStart: 'adopt', onStop: 'keep' } });
  });

  it('gives preferred directors the priorities 110, 100, and speaks from the first dip', () => {
    expect(config.instances[0]?.speakers).toEqual([
      { director: 'lb1', interface: 'eth1', source: '10.77.1.11', priority: 110 },
      { director: 'lb2', interface: 'eth1', source: '10.77.1.12', priority: 100 },
    ]);
  });

  it('serves with every realserver, its own weight, and complete checks', () => {
    const [service] = config.services;
    expect(service).toMatchObject({
      listen: [{ address: '10.77.1.100', port: 80, protocol: 'tcp' }],
      mark: null,
      scheduler: 'wrr',
      start: 'down',
      onFail: { action: 'quiesce', afterMs: 0 },
      drain: { timeoutMs: 600_000, persistent: 'move' },
      slowStartMs: 0,
      failOpenShare: 0.8,
      persistence: null,
    });
    expect(service?.realservers.map(({ name, weight, port }) => [name, weight, port])).toEqual([
      ['web1', 1, null],
      ['web2', 2, null],
    ]);
    expect(service?.realservers[0]?.checks).toEqual([
      {
        kind: 'http',
        path: '/index.html',
        host: null,
        method: 'GET',
        headers: {},
        status: [[200, 200]],
        md5: null,
        sha256: null,
        body: null,
        timing: { intervalMs: 5000, timeoutMs: 2000, retries: 2, retryDelayMs: 1000, rise: 2, warmupMs: 5000 },
        target: { address: null, port: null, from: null, mark: null, via: 'rip' },
      },
    ]);
  });

  it('is plain JSON', () => expect(JSON.parse(JSON.stringify(config))).toEqual(config));
});

describe('the Config of the other topologies', () => {
  const configOf = (name: string): Config => loaded(read(`inventory/topologies/${name}.yaml`)).config;

  it('nat.yaml: interface by name, gateways by policy, ports translated, no conn_reuse_mode', () => {
    const config = configOf('nat');
    expect(config.instances.map(({ speakers }) => speakers[0]?.interface)).toEqual(['eth1', 'eth2']);
    expect(config.realservers[0]?.gateway).toEqual({ via: '10.77.2.1', scope: 'rip' });
    expect(config.services[0]?.realservers[0]).toMatchObject({ port: 80, weight: 100 });
    expect(config.services[0]?.persistence).toEqual({ timeoutMs: 600_000, netmask: 32 });
    expect(config.ipvs.sysctl['conn_reuse_mode']).toBeUndefined();
    expect(config.syncGroups[0]?.members).toEqual(['outside', 'inside']);
  });

  it('fwmark.yaml: one service on a mark, destinations without a port, probes with theirs', () => {
    const [service] = configOf('fwmark').services;
    expect(service).toMatchObject({ mark: 6, persistence: { timeoutMs: 300_000, netmask: 24 } });
    expect(service?.realservers[0]?.port).toBe(0);
    expect(service?.realservers[0]?.checks.map(({ target }) => target.port)).toEqual([80, 443]);
  });

  it('vrrp-only.yaml: the script takes the instance to FAULT', () => {
    expect(configOf('vrrp-only').instances[0]?.track.scripts).toEqual([{ name: 'nginx', weight: 0 }]);
  });

  it('IPv4 and IPv6 on one interface: each instance speaks from an address of its own family, or from the link-local one', () => {
    const { config, unsupported } = loaded(`cluster: both
directors:
  lb1: { dip: { eth1: [192.0.2.11, "2001:db8:0::11"], eth2: 198.51.100.11 } }
  lb2: { dip: { eth1: ["2001:db8::12", 192.0.2.12], eth2: 198.51.100.12 } }
vrrp:
  four: { vrid: 51, vips: [192.0.2.100], prefer: [lb1, lb2] }
  six: { vrid: 51, vips: ["2001:db8::100"], prefer: [lb1, lb2] }
  group: { vrid: 52, vips: ["2001:db8::101"], prefer: [lb1, lb2], transport: multicast }
  nowhere: { vrid: 51, interface: eth2, vips: ["2001:db8::102"], prefer: [lb2, lb1], transport: multicast }
`);
    expect(unsupported).toEqual([]);
    expect(config.directors[0]?.dips).toEqual([
      { interface: 'eth1', address: '192.0.2.11' },
      { interface: 'eth1', address: '2001:db8::11' },
      { interface: 'eth2', address: '198.51.100.11' },
    ]);
    const sources = config.instances.map(({ speakers }) => speakers.map((one) => `${one.interface} ${one.source}`));
    expect(sources).toEqual([
      ['eth1 192.0.2.11', 'eth1 192.0.2.12'],
      ['eth1 2001:db8::11', 'eth1 2001:db8::12'],
      ['eth1 null', 'eth1 null'],
      ['eth2 null', 'eth2 null'],
    ]);
    expect(config.instances.map(({ multicastGroup }) => multicastGroup)).toContain('ff02::12');
  });

  it('ipv6.yaml: connection sync goes over the family that the interface has', () => {
    expect(configOf('ipv6').sync.group).toBe('ff02::81');
    expect(configOf('nat').sync.group).toBe('224.0.0.81');
    const text = read('inventory/topologies/ipv6.yaml');
    expect(loaded(`${text}sync: { interface: eth1 }\n`).config.sync.group).toBe('ff02::81');
    const both = text.replace('eth2: "fd77:2::11"', 'eth2: ["fd77:2::11", 10.77.2.11]');
    expect(loaded(both).config.sync.group).toBe('224.0.0.81');
    expect(loaded(`${both}sync: { interface: eth1 }\n`).config.sync.group).toBe('ff02::81');
  });

  it('full.yaml: written values stand, groups are expanded, a later entry overrides, marks are chosen', () => {
    const config = configOf('full');
    const service = (name: string) => config.services.find((one) => one.name === name);
    expect(service('http')?.realservers.map(({ name, weight }) => [name, weight])).toEqual([
      ['web1', 10],
      ['web2', 2],
    ]);
    expect(service('http')).toMatchObject({ scheduler: 'mh', schedulerPort: true, schedulerFallback: true });
    expect(service('https')).toMatchObject({ scheduler: 'sh', schedulerFallback: true, sorry: { kind: 'local' } });
    expect(service('syslog')).toMatchObject({ scheduler: 'dh', onFail: { action: 'remove' } });
    expect(service('web')?.mark).toBeGreaterThan(0);
    expect(service('app')?.realservers[0]?.checks.map(({ kind }) => kind)).toEqual(['script', 'file']);
    expect(config.instances[0]).toMatchObject({
      speakers: [
        { director: 'lb1', interface: 'eth1', source: '198.51.100.11', priority: 110 },
        { director: 'lb2', interface: 'eth1', source: '198.51.100.12', priority: 100 },
      ],
      hmac: { key: { source: 'file', value: '/etc/lvs/secrets/vrrp.key' }, mode: 'enforce' },
    });
    expect(config.instances[1]?.authentication).toEqual({ pass: { source: 'env', value: 'VRRP_PASS' } });
    expect(config.inventory).toBe('/etc/example.yaml');
    expect(config.ssh.identity).toBe('~/.ssh/id_ed25519');
    expect(config.alerts.smtp).toMatchObject({ server: 'mail.example.com', port: 587, tls: 'required' });
  });

  it('a mark for `auto` does not move when another service comes', () => {
    const service = (name: string, port: number) => `  ${name}: { listen: 10.0.0.9:${port}, fwmark: auto, mode: dr }\n`;
    const head =
      'cluster: a\ndirectors: { lb1: { dip: { eth1: 10.0.0.1 }, vips: [10.0.0.9] } }\nrealservers: { w: { rip: 10.0.0.2 } }\nservices:\n';
    const alone = loaded(head + service('web', 80)).config.services[0]?.mark;
    const more = loaded(head + service('app', 81) + service('web', 80)).config.services;
    expect(more[1]?.mark).toBe(alone);
    expect(more[0]?.mark).not.toBe(alone);
  });
});
