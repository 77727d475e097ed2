/** Virtual MAC addresses on real interfaces: what neighbours learn, and what is left when things go. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { baseSysctls } from '../../src/desired/virtual-mac.ts';
import { configuration, instance, instance6, vip } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

const QUICK = { advertIntervalMs: 250 };
const BASE = { enabled: true, transmitFrom: 'base' } as const;
const VIRTUAL = { enabled: true, transmitFrom: 'virtual' } as const;

const FAMILIES = [
  {
    family: 'IPv4',
    make: instance,
    vip: '10.9.0.100',
    device: 'vrrp.51',
    mac: '00:00:5e:00:01:33',
    neighbour: '10.9.0.9',
    ping: ['ping', '-n'],
  },
  {
    family: 'IPv6',
    make: instance6,
    vip: 'fd09::100',
    device: 'vrrp6.51',
    mac: '00:00:5e:00:02:33',
    neighbour: 'fd09::9',
    ping: ['ping', '-6', '-n'],
  },
];

let lan: VrrpLan;
let witness: Witness;

beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: ['10.9.0.1', 'fd09::1'] });
  lan.addHost('b', { eth1: ['10.9.0.2', 'fd09::2'] });
  lan.addHost('c', { eth1: ['10.9.0.9', 'fd09::9'] });
  witness = await lan.watch();
});
afterEach(() => lan.close());

/** A director as `apply` prepares it. */
function director(host: string, one: InstanceConfig): VrrpAgent {
  const sysctls = baseSysctls([{ instance: one, speaker: { interface: 'eth1' } }]);
  lan.exec(host, 'sysctl', '-qw', ...Object.entries(sysctls).map(([key, value]) => `${key}=${value}`));
  return new VrrpAgent(lan, host, configuration([one]));
}

const link = (host: string, name: string): string => {
  try {
    return lan.ip(host, `-d -o link show ${name}`);
  } catch {
    return '';
  }
};

describe.each(FAMILIES)('$family', ({ make, vip: text, device, mac, ping }) => {
  const known = (): string => lan.ip('c', `neigh show ${text} dev eth1`);
  const one = (more: Partial<InstanceConfig> = {}): InstanceConfig =>
    make({ ...QUICK, virtualMac: BASE, vips: [vip(text)], ...more });

  /** One answer, or none. */
  const answers = (): boolean => {
    try {
      return lan.exec('c', ...ping, '-c', '1', '-W', '1', text).includes('1 received');
    } catch {
      return false;
    }
  };

  it('a neighbour has the virtual MAC, and keeps it over a failover', async () => {
    const [a, b] = [director('a', one()), director('b', one())];
    await (await a.start().connect()).reaches('MASTER');
    await (await b.start().connect()).reaches('BACKUP');
    expect(a.instance()?.virtualMac).toEqual({ interface: device, mac });
    expect(link('a', device)).toMatch(/<[^>]*\bUP\b.* macvlan mode vepa .*addrgenmode none/);
    expect(link('b', device)).not.toMatch(/<[^>]*\bUP\b/);
    expect(answers()).toBe(true);
    expect(known()).toContain(` lladdr ${mac} `);
    const changes = lan.spawn('c', ['ip', 'monitor', 'neigh', 'dev', 'eth1']);
    const lines: string[] = [];
    changes.stdout?.on('data', (bytes: Buffer) => lines.push(...bytes.toString().split('\n')));
    await a.signal('SIGKILL');
    await b.reaches('MASTER');
    await until('b answers', answers);
    // a director that asks for the neighbour does not do so in the name of the VIP
    lan.ip('b', 'neigh flush dev eth1');
    await until('b answers still', answers);
    expect(known()).toContain(` lladdr ${mac} `);
    expect(lines.filter((line) => line.startsWith(`${text} `) && !line.includes(mac))).toEqual([]);
    const told = witness.announcements.filter(({ address }) => address === text);
    expect(new Set(told.map((one) => one.mac))).toEqual(new Set([mac]));
  });

  it('keeps what the interface needs, and answers for its own addresses only', async () => {
    const a = director('a', one());
    for (const key of ['rp_filter', 'arp_filter']) lan.exec('a', 'sysctl', '-qw', `net.ipv4.conf.default.${key}=1`);
    await (await a.start().connect()).reaches('MASTER');
    const setting = (key: string): string => lan.exec('a', 'sysctl', '-n', `net.ipv4.conf.${device.replace('.', '/')}.${key}`).trim(); // biome-ignore format: short
    expect(['rp_filter', 'arp_filter', 'arp_ignore'].map(setting)).toEqual(['2', '0', '1']);
    expect(answers()).toBe(true);
    const own = text.replace(/100$/, '1');
    lan.exec('c', ...ping, '-c', '1', '-W', '2', own);
    expect(lan.ip('c', `neigh show ${own} dev eth1`)).toContain(' lladdr 02:00:00:00:01:01 ');
    expect(lan.ip('a', `-o addr show dev ${device}`).trim().split('\n')).toEqual([
      expect.stringContaining(` ${text}/`),
    ]);
  });

  it.each([
    ['base', '02:00:00:00:01:01'],
    ['virtual', mac],
  ] as const)('adverts come from the %s MAC, the farewell too', async (transmitFrom, from) => {
    const config = one({ transport: 'multicast', virtualMac: { enabled: true, transmitFrom }, ...sources(make) });
    const [a, b] = [director('a', config), director('b', config)];
    await (await a.start().connect()).reaches('MASTER');
    await (await b.start().connect()).reaches('BACKUP');
    await until('b knows the MASTER', () => b.instance()?.master != null);
    await a.stopForGood();
    await b.reaches('MASTER');
    await until('b speaks', () => witness.seen.some(({ mac: one }) => one !== witness.seen[0]?.mac) || from === mac);
    const source = witness.seen[0]?.source;
    const said = witness.seen.filter((advert) => advert.source === source);
    expect(said.at(-1)?.priority).toBe(0);
    expect(new Set(said.map((advert) => advert.mac))).toEqual(new Set([from]));
    expect(new Set(said.map(({ checksum }) => checksum))).toEqual(new Set(['pseudo-header']));
    expect(link('a', device)).toBe('');
  });

  it('two MASTERs that speak from the one MAC hear each other, and one lets go', async () => {
    const config = one({ transport: 'multicast', virtualMac: VIRTUAL, ...sources(make) });
    const [a, b] = [director('a', config), director('b', config)];
    await (await a.start().connect()).reaches('MASTER');
    await (await b.start().connect()).reaches('BACKUP');
    lan.cut('a');
    await b.reaches('MASTER');
    expect(a.instance()?.state).toBe('MASTER');
    lan.heal('a');
    await b.reaches('BACKUP');
    expect([a.instance()?.state, b.instance()?.dropped]).toEqual(['MASTER', {}]);
    await until('it answers', answers);
  });

  it('what is deleted or set down behind our back is back at once, and answers', async () => {
    const a = director('a', one());
    await (await a.start().connect()).reaches('MASTER');
    lan.ip('a', `link del ${device}`);
    await until('it is back', () => link('a', device).includes(' UP') && lan.has('a', text), 100);
    expect(answers()).toBe(true);
    lan.ip('a', `link set ${device} down`);
    await until('it is up', () => /<[^>]*\bUP\b/.test(link('a', device)) && lan.has('a', text), 300);
    expect(answers()).toBe(true);
    lan.ip('a', `link set ${device} down`);
    lan.ip('a', `link set ${device} address 02:00:00:00:09:09`);
    await until('it has its MAC', () => link('a', device).includes(mac) && lan.has('a', text), 300);
    await until('it answers', answers);
    expect(a.transitions.map(({ to }) => to)).toEqual(['MASTER']);
  });

  it('stays over a restart, and no answer is lost', async () => {
    const slow = one({ advertIntervalMs: 1000 });
    const [a, b] = [director('a', slow), director('b', slow)];
    await (await a.start().connect()).reaches('MASTER');
    await (await b.start().connect()).reaches('BACKUP');
    const index = link('a', device).split(':')[0];
    const pings = lan.spawn('c', [...ping, '-i', '0.05', '-c', '60', text]);
    let said = '';
    pings.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await until('it is pinged', () => said.includes('icmp_seq=5'));
    await a.signal('SIGKILL');
    await (await a.start().connect()).reaches('MASTER');
    await until('the last ping', () => said.includes('received'));
    expect(said).toMatch(/60 received/);
    expect(link('a', device).split(':')[0]).toBe(index);
    expect(b.transitions.map(({ to }) => to)).not.toContain('MASTER');
  });

  it('a process that dies for good leaves an interface without addresses; the next one takes away what it does not want', async () => {
    const a = director('a', one());
    await (await a.start().connect()).reaches('MASTER');
    await a.signal('SIGKILL');
    await until('the VIP has expired', () => !lan.has('a', text));
    expect(answers()).toBe(false);
    expect(link('a', device)).toContain(mac);
    a.writeConfig(configuration([one({ virtualMac: { enabled: false, transmitFrom: 'base' } })]));
    await (await a.start().connect()).reaches('MASTER');
    expect(link('a', device)).toBe('');
    await until('it answers', answers);
    expect(known()).toContain(' lladdr 02:00:00:00:01:01 ');
  });

  it('comes and goes with the configuration, while the MASTER stays', async () => {
    const plain = one({ virtualMac: { enabled: false, transmitFrom: 'base' } });
    const a = director('a', one());
    a.writeConfig(configuration([plain]));
    await (await a.start().connect()).reaches('MASTER');
    const change = async (config: InstanceConfig, what: string, isDone: () => boolean): Promise<void> => {
      a.writeConfig(configuration([config]));
      a.send({ type: 'config', config: configuration([config]) });
      await until(what, isDone);
    };
    await change(one(), 'the VIP is on it', () => lan.ip('a', '-o addr show').includes(`${device}    inet`));
    await until('neighbours know', () => answers() && known().includes(mac));
    expect(lan.ip('a', '-o addr show dev eth1')).not.toContain(` ${text}/`);
    await change(one({ vrid: 52 }), 'the old one is gone', () => link('a', device) === '');
    await a.reaches('MASTER');
    await until('neighbours know the other', () => answers() && known().includes(mac.replace(/33$/, '34')));
    await change({ ...plain, vrid: 52 }, 'no interface is left', () => link('a', device.replace('51', '52')) === '');
    await until('neighbours know the first', () => answers() && known().includes('02:00:00:00:01:01'));
  });

  it('is in FAULT where the name or the MAC is taken, touches nothing, and goes on when it is free', async () => {
    const a = director('a', one());
    lan.ip('a', `link add link eth1 name ${device} address 02:00:00:00:09:09 type macvlan mode private`);
    await (await a.start().connect()).reaches('FAULT');
    expect(a.instance()?.cause).toBe(`interface ${device} is there and is not lvs-agent's own`);
    expect(link('a', device)).toContain('02:00:00:00:09:09');
    lan.ip('a', `link set ${device} address ${mac} name other up`);
    await until('another cause', () => a.instance()?.cause === `interface other has the virtual MAC ${mac} already`);
    lan.ip('a', 'link del other');
    await a.reaches('MASTER');
    await until('it answers', answers);
  });

  it('goes when its base goes, and comes back with it', async () => {
    const a = director('a', one());
    await (await a.start().connect()).reaches('MASTER');
    lan.ip('a', 'link set eth1 down');
    await a.reaches('FAULT');
    lan.ip('a', 'link set eth1 up');
    const own = text.replace(/100$/, '1');
    if (own.includes(':')) lan.ip('a', `addr add ${own}/64 dev eth1`);
    await a.reaches('MASTER');
    await until('it answers', answers);
  });
});

/** IPv6 by multicast is sent from the link-local address. */
function sources(make: typeof instance): Partial<InstanceConfig> {
  const { speakers, family } = make();
  return family === 4 ? {} : { speakers: speakers.map((speaker) => ({ ...speaker, source: null })) };
}

describe('a pair with keepalived', () => {
  it('takes over from it and gives back, and the neighbour notices nothing', async () => {
    const config = instance({ ...QUICK, advertIntervalMs: 1000, transport: 'multicast', virtualMac: VIRTUAL });
    const us = director('a', config);
    director('b', config); // keepalived does not keep its base from asking in the name of the VIP (arp_announce)
    const path = join(lan.dir, 'keepalived.conf');
    writeFileSync(
      path,
      `global_defs {
  router_id b
}
vrrp_instance V {
  version 3
  state BACKUP
  interface eth1
  use_vmac
  virtual_router_id 51
  priority 100
  advert_int 1
  virtual_ipaddress {
    10.9.0.100/32
  }
}
`,
    );
    const pids = ['-p', join(lan.dir, 'k.pid'), '-r', join(lan.dir, 'kv.pid')];
    const them = lan.spawn('b', ['keepalived', '-n', '-l', '-P', '-f', path, ...pids]);
    await until('keepalived is MASTER', () => lan.has('b', '10.9.0.100'));
    const known = (): string => lan.ip('c', 'neigh show 10.9.0.100 dev eth1');
    const asked = (): boolean => {
      try {
        return lan.exec('c', 'ping', '-n', '-c', '1', '-W', '1', '10.9.0.100').includes('1 received');
      } catch {
        return false;
      }
    };
    await until('it answers', asked);
    expect(known()).toContain('00:00:5e:00:01:33');
    await (await us.start().connect()).reaches('BACKUP');
    await until('we hear it', () => us.instance()?.master === '10.9.0.2');
    const stopped = new Promise<void>((done) => them.on('exit', () => done()));
    them.kill('SIGTERM');
    await us.reaches('MASTER');
    await until('we answer', asked);
    expect(known()).toContain('00:00:5e:00:01:33');
    await stopped;
    lan.spawn('b', ['keepalived', '-n', '-l', '-P', '-f', path, ...pids]);
    await us.stopForGood();
    await until('keepalived is MASTER again', () => lan.has('b', '10.9.0.100'));
    await until('it answers again', asked);
    expect(known()).toContain('00:00:5e:00:01:33');
    expect(new Set(witness.seen.map(({ mac }) => mac))).toEqual(new Set(['00:00:5e:00:01:33']));
  });
});
