/** Who has the addresses before the first MASTER: when it is asked, whose answer counts, and what comes of it. */
import { describe, expect, it } from 'vitest';
import type { Found } from '../../src/vrrp/instance.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { masterDownMs, PROBE_EVERY_MS, PROBED_MS } from '../../src/vrrp/intervals.ts';
import type { Claim } from '../../src/vrrp/owners.ts';
import { probedLinks } from '../../src/vrrp/probing.ts';
import { stepRouter } from '../../src/vrrp/router.ts';
import { address, instanceSetup, VIRTUAL_ADDRESS } from './configuration.ts';
import { Driven } from './driven.ts';

const VIP = '10.9.0.100';
const FOREIGN = '02:00:00:00:00:99';
const PEER = '02:00:00:00:00:01';
const DOWN = masterDownMs(3, 100, 1000);
const WAITS = 'what neighbours answer to probes for its addresses';
const setup = (more: Partial<InstanceSetup> = {}): InstanceSetup =>
  instanceSetup({ neighbours: [address('10.9.0.1')], ...more });
const fault = (vip = VIP, mac = FOREIGN, on = 'eth1'): string =>
  `${vip} on ${on} is in use by ${mac}, which answers for it and is no director`;

/** The director 10.9.0.2 from time 0 on. */
class Played extends Driven {
  constructor(setups: readonly InstanceSetup[] = [setup()], found: Found = 'absent', up = true) {
    super();
    this.link(up);
    this.configure(setups, Object.fromEntries(setups.map(({ name }) => [name, found])));
  }

  link(up: boolean): this {
    const on = (...own: readonly string[]) => ({ up, addresses: own.map(address) });
    return this.take({ type: 'interfaces', interfaces: { eth1: on('10.9.0.2', 'fe80::2'), eth2: on('10.9.1.2') } });
  }

  configure(setups: readonly InstanceSetup[], found: Readonly<Record<string, Found>> = {}): this {
    return this.take({ type: 'config', setups, found, probes: true });
  }

  claim(text: string, mac: string | null, on = 'eth1'): this {
    return this.take({ type: 'claim', interface: on, address: address(text), mac } satisfies { type: 'claim' } & Claim);
  }

  hear(priority: number, instance = 'public'): this {
    const { vrid, advertised: addresses, advertIntervalMs } = this.one(instance).setup;
    const advertisement = { version: 3, vrid, priority, addresses, advertIntervalMs, authentication: null } as const;
    return this.take({ type: 'advertisement', instance, advertisement, source: address('10.9.0.1') });
  }

  one(name = 'public') {
    const instance = this.router.instances[name];
    if (instance === undefined) throw new Error(`no instance ${name}`);
    return instance;
  }

  get probes() {
    return this.effects.filter((one) => one.type === 'probe');
  }

  get transitions(): string[] {
    return this.effects.flatMap((one) => (one.type === 'transition' ? `${one.atMs} ${one.from} -> ${one.to}` : []));
  }
}

/** In FAULT since master_down, because of a foreign owner. */
const faulty = (...setups: InstanceSetup[]): Played =>
  new Played(setups.length > 0 ? setups : undefined).claim(VIP, FOREIGN).until(DOWN);

describe('when neighbours are asked', () => {
  it('three times at the start, for the VIP, for an own address and for those of the other directors', () => {
    const played = new Played().until(DOWN - 1);
    const addresses = [VIP, '10.9.0.2', '10.9.0.1'];
    expect(played.probes).toEqual(
      [0, 1, 2].map((turn) => ({ type: 'probe', instance: 'public', interface: 'eth1', addresses, atMs: turn * PROBE_EVERY_MS })), // biome-ignore format: short
    );
  });

  it('while it waits anyway: it is MASTER as soon as without', () => {
    const played = new Played();
    expect(played.one().waitingFor).toBe(WAITS);
    expect(played.until(PROBED_MS - 1).one().waitingFor).toBe(WAITS);
    expect(played.until(PROBED_MS).one().waitingFor).toBeNull();
    expect(played.until(DOWN).transitions).toEqual(['0 INIT -> BACKUP', `${DOWN} BACKUP -> MASTER`]);
  });

  it('so that the last answers are in when the link counts as up', () => {
    const startAfter = { linkUpMs: 5000, verdicts: false };
    const played = new Played([setup({ startAfter })]).until(4999);
    expect(played.probes.map(({ atMs }) => atMs)).toEqual([4400, 4600, 4800]);
    expect(played.until(5000).one().waitingFor).toBeNull();
  });

  it('and costs an instance of short intervals, or an owner of the addresses, no more than the probes take', () => {
    const quick = new Played([setup({ advertIntervalMs: 100 })]).until(PROBED_MS + 100);
    const owner = new Played([setup({ basePriority: 255 })]).until(PROBED_MS + 1000);
    expect([quick.one().state, owner.one().state]).toEqual(['MASTER', 'MASTER']);
  });

  it.each<Found>(['fresh', 'stale'])('never when its addresses are found %s', (found) => {
    const played = new Played([setup()], found).until(20_000);
    expect([played.probes, played.one().state]).toEqual([[], 'MASTER']);
  });

  it('never by a lame duck, whose addresses are on its loopback still', () => {
    const played = new Played([], 'absent');
    const event = { type: 'config', setups: [setup()], found: {}, silentMs: { public: 5000 }, probes: true } as const;
    expect(played.take(event).probes).toEqual([]);
  });

  it('never again once somebody who has the key was heard, although it was not believed', () => {
    const played = new Played().claim(VIP, FOREIGN);
    const [reason, source] = ['hmac-stale', address('10.9.0.1')];
    played.take({ type: 'dropped', instance: 'public', reason, isAlive: true, source });
    expect(played.router.probing).toEqual({});
  });

  it('never again once an advertisement was heard, so that no failover waits', () => {
    const played = new Played().hear(200).until(999);
    expect([played.probes.length, played.one().waitingFor, played.router.probing]).toEqual([1, null, {}]);
    played
      .hear(200)
      .claim(VIP, FOREIGN)
      .until(999 + DOWN);
    expect(played.one()).toMatchObject({ state: 'MASTER', cause: '10.9.0.1 is not heard any more' });
  });

  it.each([0, 1, 99])('the same after one of priority %i', (priority) => {
    expect(new Played().claim(VIP, FOREIGN).hear(priority).router.probing).toEqual({});
  });

  it('when the link comes, if it was down', () => {
    const played = new Played([setup()], 'absent', false).until(10_000);
    expect(played.probes).toEqual([]);
    played.link(true).until(10_000 + PROBED_MS);
    expect(played.probes.map(({ atMs }) => atMs)).toEqual([10_000, 10_200, 10_400]);
    expect(played.one()).toMatchObject({ state: 'BACKUP', waitingFor: null });
  });

  it('anew when the link was lost in between', () => {
    const played = new Played().claim(VIP, FOREIGN).until(300).link(false).until(2000).link(true).until(2000 + PROBED_MS); // biome-ignore format: short
    expect(played.probes.map(({ atMs }) => atMs)).toEqual([0, 200, 2000, 2200, 2400]);
    expect(played.one()).toMatchObject({ state: 'BACKUP', waitingFor: null });
  });

  it('for an instance that is new to a running process, but not for addresses that it had before', () => {
    const played = new Played().until(DOWN);
    const second = { ...VIRTUAL_ADDRESS, address: address('10.9.0.101') };
    const fresh = setup({ name: 'new', vrid: 52, advertised: [second.address], addresses: [second, VIRTUAL_ADDRESS] });
    played.configure([setup({ vrid: 53 }), fresh]).until(DOWN + PROBED_MS);
    expect(new Set(played.probes.slice(3).map(({ instance, addresses }) => `${instance} ${addresses[0]}`))).toEqual(
      new Set(['new 10.9.0.101']),
    );
  });

  it('on every interface that has addresses of it, and one without any is not listened to', () => {
    const inside = { ...VIRTUAL_ADDRESS, address: address('10.9.1.100'), interface: 'eth2' };
    const played = new Played([setup({ addresses: [VIRTUAL_ADDRESS, inside] })]);
    expect(played.probes.map((one) => [one.interface, ...one.addresses])).toEqual([
      ['eth1', VIP, '10.9.0.2', '10.9.0.1'],
      ['eth2', '10.9.1.100', '10.9.1.2', '10.9.0.1'],
    ]);
    expect(probedLinks(played.router).map((one) => `${one.interface} ${one.family}`)).toEqual(['eth1 4', 'eth2 4']);
    expect(probedLinks(played.until(PROBED_MS).router)).toEqual([]);
  });

  it('not any more when the configuration takes the address away', () => {
    const other = { ...VIRTUAL_ADDRESS, address: address('10.9.0.101') };
    const played = faulty().configure([setup({ advertised: [other.address], addresses: [other] })]);
    expect([played.one().state, played.router.probing]).toEqual(['BACKUP', {}]);
  });

  it('not any more by an instance that has gone', () => {
    expect(faulty().configure([]).router.probing).toEqual({});
  });
});

describe('whose answer counts', () => {
  it('that of a neighbour which is no director: FAULT when nobody has advertised for master_down, and not before', () => {
    const played = new Played().claim(VIP, FOREIGN).until(DOWN - 1);
    expect(played.one()).toMatchObject({ state: 'BACKUP', waitingFor: WAITS });
    played.until(DOWN);
    expect(played.one()).toMatchObject({ state: 'FAULT', cause: fault(), faults: [fault()], waitingFor: null });
    expect(played.effects.filter(({ type }) => type === 'send' || type === 'add-addresses')).toEqual([]);
  });

  it('also one that came late, until the silence is over, where another came in time', () => {
    const played = new Played().claim(VIP, FOREIGN).until(2000).claim(VIP, '02:00:00:00:00:98').until(DOWN);
    expect(played.one().faults).toEqual([fault(), fault(VIP, '02:00:00:00:00:98')]);
  });

  it('not that of a MASTER that advertises', () => {
    const played = new Played().claim(VIP, FOREIGN).until(900).hear(200).until(3000);
    expect(played.transitions).toEqual(['0 INIT -> BACKUP']);
  });

  it('not that of a director, known by the MAC that answers for its own address', () => {
    const played = new Played().claim(VIP, PEER).claim('10.9.0.1', PEER).until(DOWN);
    expect(played.one().state).toBe('MASTER');
  });

  it('not that of the virtual MAC, which only a director answers from that has not let go yet', () => {
    const virtualMac = { interface: 'vrrp4.51', mac: '00:00:5e:00:01:33', transmitFrom: 'virtual' } as const;
    const addresses = setup().addresses.map((one) => ({ ...one, interface: virtualMac.interface }));
    const played = new Played([setup({ virtualMac, addresses })]);
    const mac = { up: false, addresses: [] };
    played.take({
      type: 'interfaces',
      interfaces: { eth1: { up: true, addresses: [address('10.9.0.2')] }, 'vrrp4.51': mac },
    });
    played
      .claim('10.9.0.1', PEER)
      .claim(VIP, virtualMac.mac)
      .until(2 * DOWN + 1000);
    expect(played.one().state).toBe('MASTER');
  });

  it('not that of a router that answers for every address, even for ours', () => {
    const played = new Played().claim('10.9.0.2', FOREIGN).claim(VIP, FOREIGN).until(DOWN);
    expect(played.one().state).toBe('MASTER');
  });

  it('but that of one which has the address of another instance of ours, too', () => {
    const [held, wanted] = ['10.9.0.101', VIP].map((text) => ({ ...VIRTUAL_ADDRESS, address: address(text) }));
    const both = [
      setup({ name: 'held', vrid: 52, advertised: [held!.address], addresses: [held!] }),
      setup({ advertised: [wanted!.address], addresses: [wanted!] }),
    ];
    const played = new Played(both);
    const own = ['10.9.0.101', '10.9.0.2'].map(address);
    played.take({ type: 'interfaces', interfaces: { eth1: { up: true, addresses: own } } });
    played.claim('10.9.0.101', FOREIGN).claim(VIP, FOREIGN).until(DOWN);
    expect([played.one('held').faults, played.one().faults]).toEqual([[fault('10.9.0.101')], [fault()]]);
  });

  it('but that of another one beside both', () => {
    const played = new Played().claim('10.9.0.1', PEER).claim(VIP, PEER).claim('10.9.0.2', 'aa').claim(VIP, 'aa');
    expect(played.claim(VIP, FOREIGN).until(DOWN).one().faults).toEqual([fault()]);
  });

  it('not on an interface where the address does not belong, nor for an address that is not asked for', () => {
    const played = new Played().claim(VIP, FOREIGN, 'eth2').claim('10.9.0.7', FOREIGN).until(DOWN);
    expect(played.one().state).toBe('MASTER');
  });

  it('also that of one which does not tell its MAC', () => {
    const played = new Played().claim('10.9.0.1', null).claim(VIP, null).until(DOWN);
    expect(played.one().cause).toBe(fault(VIP, 'a neighbour that does not tell its MAC'));
  });

  it('of many addresses, told in one sentence', () => {
    const all = Array.from({ length: 5 }, (_, index) => ({ ...VIRTUAL_ADDRESS, address: address(`10.9.0.${100 + index}`) })); // biome-ignore format: short
    const played = new Played([setup({ addresses: all })]);
    for (const one of all) played.claim(one.address, FOREIGN);
    expect(played.until(DOWN).one().cause).toBe(
      `10.9.0.100 10.9.0.101 10.9.0.102 and 2 more on eth1 are in use by ${FOREIGN}, which answers for them and is no director`,
    );
  });

  it('also on a network where many others are heard before it', () => {
    const played = new Played();
    for (let count = 0; count < 300; count++) played.claim(`10.9.${2 + (count >> 8)}.${count & 255}`, PEER);
    expect(played.claim(VIP, FOREIGN).until(DOWN).one().state).toBe('FAULT');
  });

  it('and a flood of answers is not remembered', () => {
    const played = new Played();
    for (let count = 0; count < 1000; count++) played.claim(VIP, `02:00:00:00:${count >> 8}:${count & 255}`);
    expect(played.router.probing?.['public']?.claims.length).toBe(256);
  });

  it('of IPv6 addresses the same', () => {
    const vip = { ...VIRTUAL_ADDRESS, address: address('fd09::100'), prefixLength: 128 };
    const six = { family: 6, source: address('fe80::2'), advertised: [vip.address], addresses: [vip] } as const;
    const played = new Played([setup({ ...six, neighbours: [address('fd09::1'), address('10.9.0.1')] })]);
    expect(played.probes[0]?.addresses).toEqual(['fd09::100', 'fe80::2', 'fd09::1']);
    expect(played.claim('fd09::100', FOREIGN).until(DOWN).one().cause).toBe(fault('fd09::100'));
  });
});

describe('a foreign owner', () => {
  it('is asked again every master_down, and named anew', () => {
    const played = faulty().until(2 * DOWN).claim(VIP, '02:00:00:00:00:98').until(2 * DOWN + PROBED_MS); // biome-ignore format: short
    expect(played.probes.slice(3).map(({ atMs }) => atMs)).toEqual([0, 1, 2].map((turn) => 2 * DOWN + turn * 200));
    expect(played.one()).toMatchObject({ state: 'FAULT', cause: fault(VIP, '02:00:00:00:00:98') });
  });

  it('that has gone is found to have: BACKUP, and MASTER a master_down later', () => {
    const played = faulty().until(3 * DOWN + PROBED_MS);
    const mendedMs = 2 * DOWN + PROBED_MS;
    expect(played.transitions.slice(1)).toEqual([
      `${DOWN} BACKUP -> FAULT`,
      `${mendedMs} FAULT -> BACKUP`,
      `${mendedMs + DOWN} BACKUP -> MASTER`,
    ]);
  });

  it('is asked no oftener than every 3 s', () => {
    const down = masterDownMs(3, 100, 100);
    const played = new Played([setup({ advertIntervalMs: 100 })]).claim(VIP, FOREIGN).until(5000);
    const concludedMs = Math.max(PROBED_MS, down);
    expect(played.probes.slice(3).map(({ atMs }) => atMs)).toEqual([0, 1, 2].map((turn) => concludedMs + 3000 + turn * 200)); // biome-ignore format: short
  });

  it('is none once a MASTER advertises, who answers for the address', () => {
    const played = faulty().hear(50);
    expect(played.one()).toMatchObject({ state: 'BACKUP', cause: `mended: ${fault()}` });
    expect(played.router.probing).toEqual({});
  });

  it('keeps the whole sync group out', () => {
    const inside = { ...VIRTUAL_ADDRESS, address: address('10.9.1.100'), interface: 'eth2' };
    const group = { syncGroup: 'both' };
    const played = faulty(
      setup(group),
      setup({ ...group, name: 'inside', vrid: 52, addresses: [inside], advertised: [inside.address] }),
    );
    expect(played.one('inside')).toMatchObject({
      state: 'FAULT',
      cause: `public of sync group both is in fault: ${fault()}`,
    });
    const healed = played.until(4 * DOWN);
    expect([healed.one().state, healed.one('inside').state]).toEqual(['MASTER', 'MASTER']);
  });

  it('and another fault are both told, and both have to end', () => {
    const played = faulty().link(false);
    expect(played.one().faults).toEqual(['interface eth1 is down', fault()]);
    played
      .until(20_000)
      .link(true)
      .until(20_000 + PROBED_MS);
    expect(played.one()).toMatchObject({ state: 'BACKUP', faults: [] });
  });

  it('does not keep a held instance: what it waits for is told, too', () => {
    const holds = [{ instance: null, reason: 'release by root', untilMs: 1000, endsAlone: false }];
    const played = new Played().take({ type: 'holds', holds });
    expect(played.one().waitingFor).toBe('release by root');
    expect(played.until(1000 + DOWN).one().state).toBe('MASTER');
  });
});

describe('an event that is not asked for', () => {
  it('a claim when nobody asks changes nothing', () => {
    const played = new Played([setup()], 'stale');
    const before = JSON.stringify(played.router);
    expect(JSON.stringify(played.claim(VIP, FOREIGN).router)).toBe(before);
  });

  it('a router of an earlier release, without any probing, goes on', () => {
    const { probing: _none, ...old } = new Played([setup()], 'fresh').router;
    expect(stepRouter(old, { type: 'time' }, 10).router.probing).toEqual({});
  });
});
