import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadTopology } from '../../src/config/load.ts';
import { managedFiles } from '../../src/desired/files.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { PATHS } from '../../src/desired/managed.ts';
import { NOTHING_PLACED, type Wanted } from '../../src/desired/wanted.ts';
import { topology } from './topology.ts';

function host(name: string, config: Config): Wanted {
  return wantedHosts(config).find((one) => one.host === name)!;
}

const ARP = {
  'net.ipv4.conf.all.arp_ignore': '1',
  'net.ipv4.conf.all.arp_announce': '2',
  'net.ipv4.conf.lo.arp_ignore': '1',
  'net.ipv4.conf.lo.arp_announce': '2',
};

describe('what hosts shall be', () => {
  it('puts a VIP of direct routing on lo, whole, with ARP suppression and nothing else', () => {
    const web1 = host('web1', topology('dr'));
    expect(web1.placed).toEqual({
      vips: [{ device: 'lo', address: '10.77.1.100', prefixLength: 32 }],
      tunnel: false,
      tunnel6: false,
      guePorts: [],
      gre: null,
      returnRoute: null,
    });
    expect(web1.sysctls).toEqual(ARP);
    expect(web1.modules).toEqual([]);
    expect(web1.director).toBeNull();
  });

  it('puts a tunnelled VIP on tunl0, with loose reverse-path filtering there only', () => {
    const web1 = host('web1', topology('tun'));
    expect(web1.placed.vips).toEqual([{ device: 'tunl0', address: '10.77.1.102', prefixLength: 32 }]);
    expect(web1.placed.tunnel).toBe(true);
    expect(web1.sysctls).toEqual({ ...ARP, 'net.ipv4.conf.tunl0.rp_filter': '2' });
    expect(web1.modules).toEqual([{ name: 'ipip', required: true }]);
    expect(web1.inbound).toContainEqual({ family: 4, protocol: 'ipip', port: null, purpose: 'service web' });
  });

  it('takes tunnelled IPv6 by ip6tnl0, with the VIP on lo: IPv6 has no reverse-path filter', () => {
    const config = topology('ipv6');
    const tunnelled = {
      ...config,
      services: config.services.map((one) => (one.mode === 'dr' ? { ...one, mode: 'tun' as const } : one)),
    };
    const web1 = host('web1', tunnelled);
    expect(web1.placed.vips).toEqual([{ device: 'lo', address: 'fd77:1::100', prefixLength: 128 }]);
    expect([web1.placed.tunnel, web1.placed.tunnel6]).toEqual([false, true]);
    expect([web1.sysctls, web1.modules]).toEqual([{}, [{ name: 'ip6_tunnel', required: true }]]);
    expect(web1.inbound).toContainEqual({ family: 6, protocol: 'ipv6', port: null, purpose: 'service http' });
    expect(host('lb1', tunnelled).onLink).toEqual([]);
  });

  it('gives a NAT realserver a return route, answers to every director apart, and no VIP', () => {
    const web2 = host('web2', topology('nat'));
    expect(web2.placed).toEqual({
      vips: [],
      tunnel: false,
      tunnel6: false,
      guePorts: [],
      gre: null,
      returnRoute: {
        rip: '10.77.2.22',
        via: '10.77.2.1',
        direct: ['10.77.1.11', '10.77.1.12', '10.77.2.11', '10.77.2.12'],
      },
    });
    expect(web2.sysctls).toEqual({});
    expect(web2.inbound).toEqual([{ family: 4, protocol: 'tcp', port: 80, purpose: 'service web' }]);
  });

  it('uses tunl0 for a VIP that both a DR and a TUN service have, because only there both work', () => {
    const [dr, tun] = [topology('dr'), topology('tun')];
    const shared = {
      ...dr,
      services: [...dr.services, ...tun.services.map((one) => ({ ...one, listen: dr.services[0]!.listen }))],
    };
    expect(host('web1', shared).placed.vips).toEqual([{ device: 'tunl0', address: '10.77.1.100', prefixLength: 32 }]);
  });

  it('leaves a realserver alone that no service uses', () => {
    const config = topology('dr');
    const services = config.services.map((one) => ({
      ...one,
      realservers: one.realservers.filter(({ name }) => name !== 'web2'),
    }));
    const web2 = host('web2', { ...config, services });
    expect(web2.placed).toEqual(NOTHING_PLACED);
    expect(web2.sysctls).toEqual({});
  });

  it('gives a director its modules, redirects off, and forwarding only for NAT', () => {
    const dr = host('lb1', topology('dr'));
    expect(dr.modules).toEqual([
      ...['ip_vs', 'ip_vs_wrr'].map((name) => ({ name, required: true })),
      // of the relay, where nf_tables cannot mark
      ...['iptable_mangle', 'xt_mark'].map((name) => ({ name, required: false })),
    ]);
    for (const name of ['nat', 'one-director'])
      expect(host('lb1', topology(name)).modules.filter(({ required }) => !required)).toEqual([]);
    expect(dr.sysctls).toMatchObject({
      'net.ipv4.conf.all.send_redirects': '0',
      'net.ipv4.conf.default.send_redirects': '0',
      'net.ipv4.conf.eth1.send_redirects': '0',
      'net.ipv4.conf.all.promote_secondaries': '1',
      'net.ipv4.conf.all.arp_ignore': '1',
      'net.ipv4.conf.lo.arp_ignore': '1',
      'net.ipv4.conf.all.arp_announce': '2',
      'net.ipv4.conf.lo.arp_announce': '2',
      'net.ipv4.vs.conn_reuse_mode': '3',
      'net.ipv4.vs.sync_threshold': '2 50',
    });
    expect(dr.sysctls).not.toHaveProperty('net.ipv4.ip_forward');
    expect(Object.entries(host('lb1', topology('nat')).sysctls)[0]).toEqual(['net.ipv4.ip_forward', '1']);
  });

  it('does for IPv6 what it needs: a whole VIP without ARP suppression, a return route, forwarding and marks of its family', () => {
    const config = topology('ipv6');
    const web1 = host('web1', config);
    expect(web1.placed.vips).toEqual([{ device: 'lo', address: 'fd77:1::100', prefixLength: 128 }]);
    expect([web1.sysctls, web1.modules, web1.placed.returnRoute]).toEqual([{}, [], null]);
    expect(web1.inbound).toEqual([{ family: 6, protocol: 'tcp', port: 80, purpose: 'service http' }]);
    expect(host('web3', config).placed.returnRoute).toEqual({
      rip: 'fd77:2::23',
      via: 'fd77:2::1',
      direct: ['fd77:1::11', 'fd77:1::12', 'fd77:2::11', 'fd77:2::12'],
    });
    const lb1 = host('lb1', config);
    expect(Object.entries(lb1.sysctls)[0]).toEqual(['net.ipv6.conf.all.forwarding', '1']);
    expect(lb1.sysctls).not.toHaveProperty('net.ipv4.ip_forward');
    expect(lb1.modules.filter(({ required }) => !required).map(({ name }) => name)).toEqual([
      'ip6table_mangle',
      'xt_mark',
    ]);
    expect(lb1.onLink).toEqual(['fd77:1::21', 'fd77:1::22']);
    expect(lb1.director?.listeners).toEqual(['tcp [fd77:1::100]:80', 'tcp [fd77:1::101]:8080']);
    expect(lb1.inbound).toEqual([
      { family: 6, protocol: 'vrrp', port: null, purpose: 'VRRP' },
      { family: 6, protocol: 'icmpv6', port: 135, purpose: 'neighbours of IPv6 VIPs' },
      { family: 6, protocol: 'icmpv6', port: 136, purpose: 'neighbours of IPv6 VIPs' },
      { family: 6, protocol: 'tcp', port: 80, halfSeen: true, purpose: 'service http' },
      { family: 6, protocol: 'tcp', port: 8080, halfSeen: true, purpose: 'service app' },
      { family: 6, protocol: 'udp', port: 8848, purpose: 'connection sync' },
      { family: 6, protocol: 'udp', port: 8112, purpose: 'exchange between directors' },
    ]);
  });

  it('has a realserver of both families hold the VIPs of both, and take tunnels of both', () => {
    const text = `cluster: a
directors: { lb1: { dip: { eth1: [10.0.0.1, "2001:db8::1"] }, vips: [10.0.0.9, "2001:db8::9"] } }
realservers: { web1: { rip: [10.0.0.2, "2001:db8::2"], gateway: "2001:db8::9" } }
services:
  four: { listen: 10.0.0.9:80, mode: tun }
  six: { listen: "[2001:db8::9]:80", mode: tun }
  nat: { listen: "[2001:db8::9]:81", mode: nat }
`;
    const loaded = loadTopology(text, 't');
    if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
    expect(host('lb1', loaded.config).inbound).toContainEqual({
      ...{ family: 6, protocol: 'icmpv6', port: 135, purpose: 'neighbours of IPv6 VIPs' },
    });
    const web1 = host('web1', loaded.config);
    expect(web1.placed).toEqual({
      vips: [
        { device: 'lo', address: '2001:db8::9', prefixLength: 128 },
        { device: 'tunl0', address: '10.0.0.9', prefixLength: 32 },
      ],
      tunnel: true,
      tunnel6: true,
      guePorts: [],
      gre: null,
      returnRoute: { rip: '2001:db8::2', via: '2001:db8::9', direct: ['2001:db8::1'] },
    });
    expect(web1.serves.map(({ service, rip }) => `${service} ${rip}`)).toEqual([
      'four 10.0.0.2',
      'six 2001:db8::2',
      'nat 2001:db8::2',
    ]);
    expect(loaded.config.services.map(({ realservers: [one] }) => one?.address)).toEqual([
      ...['10.0.0.2', '2001:db8::2', '2001:db8::2'],
    ]);
  });

  it('lets SCTP in, and has its ports matched where a mark stands for it', () => {
    const config = topology('fwmark');
    const listen = config.services[0]!.listen.map((one) => ({ ...one, protocol: 'sctp' as const }));
    const sctp = { ...config, services: config.services.map((one) => ({ ...one, listen })) };
    expect(host('lb1', sctp).modules).toContainEqual({ name: 'xt_sctp', required: false });
    expect(host('lb1', config).modules).not.toContainEqual({ name: 'xt_sctp', required: false });
    for (const name of ['lb1', 'web1'])
      expect(host(name, sctp).inbound).toContainEqual(expect.objectContaining({ protocol: 'sctp', port: 443 }));
  });

  it('prepares a director for virtual MACs: the base neither answers for VIPs nor asks in their name', () => {
    const config = topology('dr');
    const virtualMac = { enabled: true, transmitFrom: 'base' } as const;
    const lb1 = host('lb1', { ...config, instances: config.instances.map((one) => ({ ...one, virtualMac })) });
    expect(lb1.modules).toContainEqual({ name: 'macvlan', required: true });
    expect(lb1.sysctls).toMatchObject({
      'net.ipv4.conf.all.arp_filter': '0',
      'net.ipv4.conf.eth1.arp_ignore': '1',
      'net.ipv4.conf.eth1.arp_announce': '2',
    });
    expect(lb1.sysctls).not.toHaveProperty('net.ipv4.conf.eth2.arp_ignore');
    expect(lb1.director?.virtualInterfaces).toEqual(['vrrp.51']);
    expect(lb1.inbound.find(({ purpose }) => purpose === 'service http')?.interface).toBe('vrrp.51');
    expect(lb1.inbound.find(({ purpose }) => purpose === 'VRRP')).not.toHaveProperty('interface');
    expect(lb1.director?.virtualSysctls).toEqual({
      'net.ipv4.conf.vrrp/51.rp_filter': '2',
      'net.ipv4.conf.vrrp/51.arp_filter': '0',
      'net.ipv4.conf.vrrp/51.arp_ignore': '1',
      'net.ipv6.conf.vrrp/51.accept_ra': '0',
      'net.ipv6.conf.vrrp/51.autoconf': '0',
    });
    expect(host('lb1', config).director?.virtualSysctls).toEqual({});
    expect(host('lb1', config).sysctls).not.toHaveProperty('net.ipv4.conf.eth1.arp_ignore');
  });

  it('writes them into the files for udev and NetworkManager, with nothing to put back of what comes and goes', () => {
    const config = topology('dr');
    const virtualMac = { enabled: true, transmitFrom: 'base' } as const;
    const lb1 = host('lb1', { ...config, instances: config.instances.map((one) => ({ ...one, virtualMac })) });
    const files = managedFiles(lb1, {}, { networkd: false, networkManager: true }, () => 'x');
    const text = (path: string) => files.find((one) => one.path === path)?.content;
    expect(text(PATHS.sysctl)).toContain('\n-net.ipv4.conf.vrrp/51.rp_filter = 2\n');
    expect(text(PATHS.sysctl)).not.toContain('was net.ipv4.conf.vrrp/51');
    expect(text(PATHS.sysctl)).toContain('was net.ipv4.conf.eth1.arp_ignore');
    expect(text(PATHS.networkManager)).toContain('unmanaged-devices+=interface-name:tunl0;interface-name:vrrp.51\n');
  });

  it('needs realservers of direct routing on-link, and no others', () => {
    expect(host('lb1', topology('dr')).onLink).toEqual(['10.77.1.21', '10.77.1.22']);
    expect(host('lb1', topology('nat')).onLink).toEqual([]);
    expect(host('lb1', topology('tun')).onLink).toEqual([]);
  });

  it('asks a firewall for VRRP, the services, connection sync and the exchange', () => {
    expect(host('lb1', topology('dr')).inbound).toEqual([
      { family: 4, protocol: 'vrrp', port: null, purpose: 'VRRP' },
      { family: 4, protocol: 'tcp', port: 80, halfSeen: true, purpose: 'service http' },
      { family: 4, protocol: 'udp', port: 8848, purpose: 'connection sync' },
      { family: 4, protocol: 'udp', port: 8112, purpose: 'exchange between directors' },
    ]);
    expect(host('lb1', topology('one-director')).inbound.map(({ protocol }) => protocol)).toEqual(['tcp']);
  });

  it('lets neighbours of IPv6 VIPs in, and VRRP of both families', () => {
    const dr = topology('dr');
    const [four] = dr.instances;
    const six = { ...four!, name: 'six', family: 6 as const };
    expect(host('lb1', { ...dr, services: [], instances: [four!, six] }).inbound).toEqual([
      { family: 4, protocol: 'vrrp', port: null, purpose: 'VRRP' },
      { family: 6, protocol: 'vrrp', port: null, purpose: 'VRRP' },
      { family: 6, protocol: 'icmpv6', port: 135, purpose: 'neighbours of IPv6 VIPs' },
      { family: 6, protocol: 'icmpv6', port: 136, purpose: 'neighbours of IPv6 VIPs' },
      { family: 4, protocol: 'udp', port: 8112, purpose: 'exchange between directors' },
    ]);
  });

  it('needs no IPVS where nothing is balanced', () => {
    const lb1 = host('lb1', topology('vrrp-only'));
    expect(lb1.modules).toEqual([]);
    expect(Object.keys(lb1.sysctls).filter((key) => key.includes('.vs.'))).toEqual([]);
    expect(lb1.director?.usesIpvs).toBe(false);
  });

  it('makes one host of a name that is both, without a silent VIP on a director', () => {
    const config = topology('dr');
    const both = host('web1', {
      ...config,
      directors: [...config.directors, { ...config.directors[0]!, name: 'web1' }],
    });
    expect(both.director).not.toBeNull();
    expect(both.placed.vips).toEqual([]);
  });

  it.each(['dr', 'dual-master', 'fwmark', 'nat', 'one-director', 'tun', 'vrrp-only'])(
    'names every host of %s once, directors first',
    (name) => {
      const config = topology(name);
      const hosts = wantedHosts(config).map((one) => one.host);
      expect(hosts).toEqual([...config.directors, ...config.realservers].map((one) => one.name));
    },
  );
});
