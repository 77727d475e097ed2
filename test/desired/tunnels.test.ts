import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { ServiceConfig } from '../../src/config/service.ts';
import { managedFiles } from '../../src/desired/files.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { PATHS } from '../../src/desired/managed.ts';
import type { Wanted } from '../../src/desired/wanted.ts';
import { topology } from './topology.ts';

const TUN = topology('tun');
const VIP = TUN.services[0]!.listen[0]!.address;
const GUE = { type: 'gue', port: 6080, checksum: true } as const;
const GRE = { type: 'gre', port: 6080, checksum: true } as const;

function withTunnels(...tunnels: readonly ServiceConfig['tunnel'][]): Config {
  const [service] = TUN.services;
  return { ...TUN, services: tunnels.map((tunnel, index) => ({ ...service!, name: `web${index}`, tunnel })) };
}

function host(name: string, config: Config): Wanted {
  return wantedHosts(config).find((one) => one.host === name)!;
}

function script(wanted: Wanted): string {
  const files = managedFiles(wanted, {}, { networkd: false, networkManager: true }, () => 'x');
  return files.find(({ path }) => path === PATHS.realserverScript)?.content ?? '';
}

describe('tunnels of realservers', () => {
  it('unpacks GUE at its port and takes what is left by tunl0', () => {
    const web1 = host('web1', withTunnels(GUE));
    expect(web1.placed).toMatchObject({
      vips: [{ device: 'tunl0', address: VIP }],
      tunnel: true,
      guePorts: [6080],
      gre: null,
    });
    expect(web1.modules.map(({ name }) => name)).toEqual(['ipip', 'fou']);
    expect(web1.sysctls).toMatchObject({ 'net.ipv4.conf.tunl0.rp_filter': '2' });
    expect(web1.inbound).toContainEqual({ family: 4, protocol: 'udp', port: 6080, purpose: 'service web0' });
    expect(web1.inbound.some(({ protocol }) => protocol === 'ipip')).toBe(false);
  });

  it.each([true, false])('makes a GRE device of its own, as the directors send: checksum %s', (checksum) => {
    const web1 = host('web1', withTunnels({ ...GRE, checksum }));
    expect(web1.placed).toMatchObject({
      vips: [{ device: 'lvs-gre', address: VIP }],
      tunnel: false,
      guePorts: [],
      gre: { local: '10.77.1.21', checksum },
    });
    expect(web1.modules.map(({ name }) => name)).toEqual(['ip_gre']);
    expect(web1.sysctls).toMatchObject({ 'net.ipv4.conf.lvs-gre.rp_filter': '2' });
    expect(web1.sysctls).not.toHaveProperty('net.ipv4.conf.tunl0.rp_filter');
    expect(web1.inbound).toContainEqual({ family: 4, protocol: 'gre', port: null, purpose: 'service web0' });
  });

  it('puts a VIP on every device that it comes by, and a port once', () => {
    const other = { ...GUE, port: 400 };
    const web1 = host('web1', withTunnels(GUE, GRE, other, { ...GUE, checksum: false }));
    expect(web1.placed.vips.map(({ device }) => device)).toEqual(['lvs-gre', 'tunl0']);
    expect(web1.placed.guePorts).toEqual([400, 6080]);
  });

  it('makes them again at boot, and takes them away at the end', () => {
    const text = script(host('web1', withTunnels(GUE, GRE)));
    const lines = text.split('\n').map((line) => line.trim());
    expect(lines).toEqual(
      expect.arrayContaining([
        '#: tunnel tunl0',
        '#: tunnel gue 6080',
        '#: tunnel gre 10.77.1.21 checksum',
        'gue 6080 || return 1',
        '[ -e /sys/class/net/lvs-gre ] || ip link add lvs-gre type gre local 10.77.1.21 icsum || return 1',
        'ip fou del port 6080 2>/dev/null',
        'ip link del lvs-gre 2>/dev/null',
      ]),
    );
    // A sysctl of a device, and an address on it, come after the device.
    const at = (part: string) => text.indexOf(part);
    expect(at('ip link add lvs-gre')).toBeLessThan(at('value net/ipv4/conf/lvs-gre/rp_filter'));
    expect(at('value net/ipv4/conf/lvs-gre/rp_filter')).toBeLessThan(at('vip 10.77.1.102/32 lvs-gre'));
    expect(script(host('web1', withTunnels({ ...GRE, checksum: false })))).toContain('gre local 10.77.1.21 ||');
  });

  it('tells clients what fits, where something is tunnelled', () => {
    expect(script(host('web1', withTunnels(GUE)))).toContain('\n  segments 32 &\n');
    expect(script(host('web1', withTunnels(GRE)))).toContain('\n  segments 28 &\n');
    expect(script(host('web1', topology('dr')))).not.toContain('segments');
  });

  it('has NetworkManager leave the device alone', () => {
    const files = managedFiles(
      host('web1', withTunnels(GRE)),
      {},
      { networkd: false, networkManager: true },
      () => 'x',
    );
    const text = files.find(({ path }) => path === PATHS.networkManager)?.content;
    expect(text).toContain('unmanaged-devices+=interface-name:tunl0;interface-name:lvs-gre\n');
  });
});

describe('kernels of directors', () => {
  const needs = (config: Config) => host('lb1', config).director?.kernelNeeds;

  it('must know the tunnels', () => {
    expect(needs(withTunnels(GUE, { ...GUE, checksum: false }, GRE, { ...GRE, type: 'ipip' }))).toEqual([
      { what: 'service web0 is tunnelled by gue with a checksum', atLeast: [5, 3] },
      { what: 'service web1 is tunnelled by gue', atLeast: [5, 2] },
      { what: 'service web2 is tunnelled by gre', atLeast: [5, 3] },
    ]);
  });

  it('are asked only for what is tunnelled: a service, or its sorry server', () => {
    const config = withTunnels(GRE);
    const [service] = config.services;
    const sorry = { kind: 'host', address: VIP, port: null, mode: 'tun', quiesce: false, checks: [] } as const;
    expect(needs({ ...config, services: [{ ...service!, mode: 'dr' }] })).toEqual([]);
    expect(needs({ ...config, services: [{ ...service!, mode: 'dr', sorry }] })).toHaveLength(1);
  });
});
