import { beforeAll, describe, expect, it } from 'vitest';
import { runInNamespace } from './kernel/namespace.ts';

describe('links and addresses', () => {
  let result: Record<string, unknown>;
  beforeAll(async () => {
    result = await runInNamespace('addresses-program.ts');
  });

  it('lists a link with its MAC and state', () => {
    expect(result['link']).toMatchObject({
      name: 'v0',
      up: true,
      running: true,
      carrier: true,
      mac: '02:00:00:00:00:01',
      mtu: 1500,
    });
    expect(result['mac']).toEqual([2, 0, 0, 0, 0, 1]);
    expect(result['noMac']).toBe(true);
  });

  it('adds an address with label, broadcast and lifetime, as ip(8) shows it', () => {
    expect(result['added']).toBeNull();
    expect(result['first']).toMatchObject({
      address: '10.1.1.100',
      prefixLength: 32,
      scope: 'global',
      label: 'v0:vip',
      broadcast: '10.1.1.255',
      validSeconds: 2,
    });
    expect(result['shownByIp']).toMatch(/inet 10\.1\.1\.100\/32 brd 10\.1\.1\.255 scope global dynamic v0:vip/);
  });

  it('stamps it within a second of our clock', () => {
    expect(Math.abs(result['stampAgeMs'] as number)).toBeLessThan(1000);
  });

  it('keeps it while refreshed, renewing the stamp only of the refresh, and loses it after its lifetime', () => {
    expect(result['kept']).toBe(true);
    expect(result['renewedMs']).toBeGreaterThan(3000);
    expect(result['createdUnchanged']).toBe(true);
    expect(result['livedAfterLastRefreshMs']).toBeGreaterThan(1000);
    expect(result['livedAfterLastRefreshMs']).toBeLessThan(5000);
  });

  it('adds IPv6 usable at once and for ever; removing what is gone is no error', () => {
    expect(result['v6']).toEqual([
      null,
      expect.objectContaining({ address: '2001:db8::100', tentative: false, validSeconds: null }),
    ]);
    expect(result['removed']).toEqual([null, true]);
    expect(result['removedAgain']).toBeNull();
  });

  it('says why an address was refused', () => {
    expect(result['noInterface']).toBe('cannot add address 10.1.1.100/32 dev nope: no such interface (ENODEV)');
    expect(result['badPrefix']).toMatch(/^cannot add address 10\.1\.1\.100\/33 dev v0: .*EINVAL/);
  });

  it('tells every change', () => {
    expect(result['events']).toEqual(
      expect.arrayContaining([
        'link new v0 running',
        'address new 10.1.1.100/32',
        'address deleted 10.1.1.100/32',
        'address new 2001:db8::100/128',
        'address deleted 2001:db8::100/128',
        'link deleted v0 down',
      ]),
    );
    expect(result['events']).not.toContain('lost');
  });

  it('reads IPVS, or says that ip_vs is not loaded and how to load it', () => {
    expect([
      'loaded',
      'IpvsNotLoadedError: cannot read IPVS table: ip_vs is not loaded; load it: modprobe ip_vs',
    ]).toContain(result['ipvs']);
  });

  it('marks by a table of its own that is replaced as a whole, and leaves others alone', () => {
    expect(result['firewall']).toMatchObject({
      before: [],
      applied: [null, null],
      read: [
        { address: '10.0.0.1', protocol: 'tcp', port: 80, mark: 5 },
        { address: '10.0.0.1', protocol: 'tcp', port: 80, mark: 0x4c56_ffff, midstream: true },
        { address: '10.0.0.2', protocol: 'tcp', port: 0, mark: 0x4c56_ffff, midstream: true },
        { address: '2001:db8::1', protocol: 'udp', port: 0, mark: 0x4c56_0001 },
      ],
      holds: true,
      listing: expect.stringContaining('ip daddr 10.0.0.1 tcp dport 80 meta mark set 0x00000005'),
    });
    expect(result['disturbed']).toBe(false);
    expect(result['mended']).toEqual([null, true]);
    expect(result['emptied']).toEqual([null, 'table inet other']);
  });
});

describe('events beyond what a socket holds', () => {
  it('are told to be lost, everything can be read again, and later ones arrive', async () => {
    expect(await runInNamespace('flood-program.ts')).toEqual({
      lost: 1,
      hasMissedSome: true,
      mtu: 1399,
    });
  });
});

describe('VRRP sockets between two namespaces', () => {
  let result: Record<string, unknown>;
  beforeAll(async () => {
    result = await runInNamespace('vrrp-program.ts');
  });

  it.each([
    ['multicast', '10.1.1.1', '224.0.0.18'],
    ['unicast', '10.1.1.1', '10.1.1.2'],
    ['multicast6', 'fd00::1', 'ff02::12'],
    ['unicast6', 'fd00::1', 'fd00::2'],
  ])('%s: payload, source, destination and TTL 255 arrive', (name, source, destination) => {
    const packet = result[name] as { payload: number[]; ifindex: number };
    expect(packet).toMatchObject({ source, destination, ttl: 255 });
    expect(packet.payload.slice(0, 6)).toEqual([0x31, packet.payload[1], 100, 0, 0, 100]);
    expect(packet.ifindex).toBeGreaterThan(0);
  });

  it('hears neither itself nor a group that it did not join', () => {
    expect(result['heardMyself']).toBe(0);
    expect(result['unicastHeardMulticast']).toBe(false);
  });

  it('opens when the interface comes, survives its going down, and opens again when it was recreated', () => {
    expect(result['beforeInterface']).toMatch(/^cannot send VRRP packet to 224\.0\.0\.18 dev eth1: ENODEV/);
    expect(result['errorsBefore']).toContain('cannot open VRRP socket dev eth1: no such interface (ENODEV)');
    expect(['ENETDOWN', 'ENETUNREACH']).toContain(result['whileDown']);
    expect(result['afterUp']).toMatchObject({ ttl: 255 });
    expect(result['recreated']).toMatchObject({ ttl: 255 });
  });

  it('sends a frame that moves an address to another MAC', () => {
    expect(result['neighbour']).toMatch(/lladdr 02:00:00:00:00:01/);
    expect(result['noInterface']).toBe('cannot send frame dev nope: no such interface (ENODEV)');
  });
});
