import { describe, expect, it } from 'vitest';
import { inPathProbes, pathKey, probeMarkCount, probeSource, reservedMarks } from '../../src/config/in-path.ts';
import { storedConfig } from '../agent/config.ts';

function configOf(services: string) {
  return storedConfig(`
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11, eth2: 10.77.2.11 } }
  lb2: { dip: { eth1: 10.77.1.12, eth2: 10.77.2.12 } }
realservers:
  web1: { rip: 10.77.2.21, gateway: 10.77.2.1 }
  web2: { rip: 10.77.1.22, gateway: 10.77.2.1 }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100, 10.77.1.101], extra_vips: [{ address: 10.77.2.1, interface: eth2 }], prefer: [lb1, lb2] }
services:
${services}`).config;
}

const told = (services: string): string[] =>
  inPathProbes(configOf(services).services).map(
    ({ path, endpoint: { address, port } }) => `${pathKey(path)} by ${address}:${port}`,
  );

describe('in-path probes', () => {
  it('ask each realserver by every listener, whatever weight it has', () => {
    expect(
      told(
        `  a: { listen: ['10.77.1.100:80', '10.77.1.101:80'], mode: dr, checks: [{ tcp: true, via: vip }, { http: /, via: vip }, ping] }`,
      ),
    ).toEqual([
      'dr 10.77.2.21 by 10.77.1.100:80',
      'dr 10.77.2.21 by 10.77.1.101:80',
      'dr 10.77.1.22 by 10.77.1.100:80',
      'dr 10.77.1.22 by 10.77.1.101:80',
    ]);
  });

  it('ask by the listeners of their protocol and port only', () => {
    const listen = "['10.77.1.100:53', '10.77.1.100:53/udp', '10.77.1.100:853']";
    const service = (check: string) =>
      told(`  a: { listen: ${listen}, mode: dr, realservers: [web2], checks: [${check}] }`);
    expect(service('{ dns: ., type: SOA, via: vip }')).toEqual(['dr 10.77.1.22 by 10.77.1.100:53']);
    expect(service('{ https: /, verify: false, port: 853, via: vip }')).toEqual(['dr 10.77.1.22 by 10.77.1.100:853']);
    expect(service('{ tcp: true, via: vip }')).toHaveLength(2);
  });

  it('go where the service forwards: with the port of NAT, by the tunnel, to the sorry server in its own mode', () => {
    expect(
      told(`  a: { listen: '10.77.1.100:80', mode: nat, realservers: [{ name: web1, port: 8080 }], checks: [{ tcp: true, via: vip }] }
  b: { listen: '10.77.1.100:81', mode: tun, realservers: [web1], checks: [{ tcp: true, via: vip }], sorry: { address: 10.77.2.99, mode: dr, checks: [{ tcp: true, via: vip }] } }`),
    ).toEqual([
      'nat 10.77.2.21 8080 by 10.77.1.100:80',
      'tun ipip 6080 true 10.77.2.21 by 10.77.1.100:81',
      'dr 10.77.2.99 by 10.77.1.100:81',
    ]);
  });

  it('come from the address of the director that is nearest to the realserver', () => {
    const { directors, services } = configOf(
      "  a: { listen: '10.77.1.100:80', mode: dr, checks: [{ tcp: true, via: vip }] }",
    );
    const [lb1] = directors;
    if (lb1 === undefined) throw new Error('no director');
    expect(inPathProbes(services).map(({ path }) => probeSource(lb1, path)?.address)).toEqual([
      '10.77.2.11',
      '10.77.1.11',
    ]);
    expect(probeSource({ dips: [] }, inPathProbes(services)[0]?.path as never)).toBeUndefined();
  });

  it('have marks without 0 and without those of relays', () => {
    const config = configOf("  a: { listen: '10.77.1.100:80', mode: dr }");
    const withMarks = (base: number, prefixLength: number) => ({
      ...config,
      ipvs: { ...config.ipvs, probeMarks: { base, prefixLength } },
    });
    expect(reservedMarks(withMarks(0, 30).ipvs)).toEqual({ first: 1, last: 3 });
    expect(probeMarkCount(withMarks(0, 30))).toBe(1);
    expect(probeMarkCount(withMarks(0x4c56_0000, 16))).toBe(65_534);
    expect(probeMarkCount(withMarks(0x100, 31))).toBe(0);
  });
});
