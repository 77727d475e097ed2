import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storedConfigShape } from '../../src/agent/config-shape.ts';
import { storedConfig } from './config.ts';

const files = globSync('inventory/topologies/*.yaml', { cwd: resolve(import.meta.dirname, '../..') });
const read = (file: string) => storedConfig(readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8'));

describe('a configuration', () => {
  it.each(files.filter((file) => basename(file) !== 'full.yaml'))('of %s is accepted', (file) => {
    expect(storedConfigShape(read(file), 'config')).toBeUndefined();
  });

  it('with a check that cannot take the way of clients is refused by its name', () => {
    const damaged = JSON.parse(
      JSON.stringify(read('inventory/topologies/dr.yaml')).replaceAll('"via":"rip"', '"via":"vip"'),
    );
    expect(storedConfigShape(damaged, 'config')).toBeUndefined();
    damaged.config.services[0].realservers[0].checks[0].kind = 'ping';
    expect(storedConfigShape(damaged, 'config')).toBe(
      'config.config.services[0].realservers[0].checks[0]: a ping check cannot go via: vip',
    );
  });

  /** Every place in a value, as a list of keys. */
  function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== 'object' || value === null) return [at];
    return [at, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...at, key]))];
  }
  const vrrp = read('inventory/topologies/nat.yaml').config;
  const places = placesIn({ instances: vrrp.instances.slice(0, 1), syncGroups: vrrp.syncGroups })
    .map((place) => place.join('.'))
    .filter((place) => /\.0\./.test(place));

  it.each(places)('with something else as %s is refused by its place', (place) => {
    const keys = place.split('.');
    for (const junk of [undefined, {}, -1, 1e308, [[]], '']) {
      const damaged = structuredClone(read('inventory/topologies/nat.yaml'));
      let inside = damaged.config as unknown as Record<string, unknown>;
      for (const key of keys.slice(0, -1)) inside = inside[key] as Record<string, unknown>;
      const last = keys.at(-1)!;
      inside[last] = junk;
      expect(storedConfigShape(damaged, 'config'), String(junk)).toContain(last.replace(/^\d+$/, '['));
    }
  });

  it.each<[string, object]>([
    ['files[0].path: expected an absolute path', { files: [{ path: 'hold', weight: 0 }] }],
    ['files[0].path: expected an absolute path', { files: [{ path: '/a\0b', weight: 0 }] }],
    ['files[0].weight: expected a whole number', { files: [{ path: '/hold' }] }],
    ['services[0].weight: expected a whole number', { services: [{ name: 'http', weight: 0.5 }] }],
    ['interfaces[0].name: expected a name', { interfaces: [{ name: '', weight: 0 }] }],
  ])('with a tracker that is none is refused: %s', (message, track) => {
    const damaged = structuredClone(read('inventory/topologies/nat.yaml'));
    const [instance] = damaged.config.instances;
    Object.assign(instance!, { track: { ...instance!.track, ...track } });
    expect(storedConfigShape(damaged, 'config')).toContain(`instances[0].track.${message}`);
  });

  it.each<[string, object]>([
    ['name: expected a domain name', { kind: 'dns', name: 'a..b', type: 'A', expect: null }],
    ['type: expected A or NS or', { kind: 'dns', name: 'a.b', type: 'ANY', expect: null }],
    ['sendHex: expected bytes', { kind: 'udp', sendHex: '303', expectHex: null }],
    ['expectHex: expected bytes', { kind: 'udp', sendHex: '30', expectHex: 'x' }],
    ['run: expected', { kind: 'script', run: [], setsWeight: false, user: 'nobody' }],
  ])('with a check that cannot be made is refused: %s', (message, check) => {
    const damaged = structuredClone(read('inventory/topologies/nat.yaml'));
    const [destination] = damaged.config.services[0]!.realservers;
    Object.assign(destination!, { checks: [{ ...destination!.checks[0], ...check }] });
    expect(storedConfigShape(damaged, 'config')).toContain(`checks[0].${message}`);
  });

  it('with a key that is none is refused, and nothing of it is told', () => {
    const damaged = structuredClone(read('inventory/topologies/nat.yaml'));
    Object.assign(damaged.config.instances[0]!, {
      hmac: { key: { source: 'literal', value: 's3cret' }, mode: 'enforce' },
    });
    const problem = storedConfigShape(damaged, 'config');
    expect(problem).toContain('instances[0].hmac.key.value: expected a key of 32 to 64 bytes');
    expect(problem).not.toContain('s3cret');
  });

  it('with an IPv6 instance whose source is found out on the director is accepted', () => {
    const six = storedConfig(`cluster: six
directors: { lb1: { dip: { eth1: [10.0.0.1, "2001:db8::1"] } }, lb2: { dip: { eth1: 10.0.0.2 } } }
vrrp: { one: { vrid: 1, vips: ["2001:db8::9"], prefer: [lb1, lb2], transport: multicast } }
`);
    expect(six.config.instances[0]?.speakers.map(({ source }) => source)).toEqual([null, null]);
    expect(storedConfigShape(six, 'config')).toBeUndefined();
  });

  it('of a newer lvsctl, with keys that are not known here, is accepted', () => {
    const dr = read('inventory/topologies/dr.yaml');
    expect(storedConfigShape({ ...dr, more: 1, config: { ...dr.config, novelty: [] } }, 'config')).toBeUndefined();
  });

  it('with a pattern that is none is refused', () => {
    const dr = structuredClone(read('inventory/topologies/dr.yaml'));
    Object.assign(dr.config.services[0]!.realservers[0]!.checks[0]!, { body: '(' });
    expect(storedConfigShape(dr, 'config')).toMatch(/checks\[0\]\.body: expected a regular expression$/);
  });

  it('does not take what every object has for a key of its own', () => {
    const dr = structuredClone(read('inventory/topologies/dr.yaml'));
    Object.assign(dr.config.services[0]!.realservers[0]!.checks[0]!, { kind: 'constructor' });
    expect(storedConfigShape(dr, 'config')).toMatch(/\.kind: expected tcp or ping/);
  });
});
