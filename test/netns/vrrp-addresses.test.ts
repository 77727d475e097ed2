/** Virtual addresses of both families as the kernel has them: where they are, what they are not used for, and how they come back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { address, configuration, instance, instance6, vip } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

let lan: VrrpLan;
let witness: Witness;
const QUICK = { advertIntervalMs: 250 };

beforeEach(async () => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: ['10.9.0.1', 'fd09::1'], eth2: ['10.9.1.1', 'fd19::1'] });
  lan.addHost('b', { eth1: ['10.9.0.2', 'fd09::2'], eth2: ['10.9.1.2', 'fd19::2'] });
  witness = await lan.watch();
});
afterEach(() => lan.close());

async function master(one: InstanceConfig): Promise<VrrpAgent> {
  const a = await new VrrpAgent(lan, 'a', configuration([one])).start().connect();
  await a.reaches('MASTER');
  return a;
}

/** The line of `ip addr` about an address of host a. */
function shown(text: string): string {
  const lines = lan.ip('a', '-o addr show').split('\n');
  return lines.find((line) => line.includes(` ${text}/`)) ?? 'not there';
}

describe.each([
  {
    family: 'IPv4',
    make: instance,
    own: '10.9.0.1',
    elsewhere: '10.9.0.9',
    vips: ['10.9.0.100', '10.9.0.101'],
    extra: '10.9.1.100',
  },
  {
    family: 'IPv6',
    make: instance6,
    own: 'fd09::1',
    elsewhere: 'fd09::9',
    vips: ['fe80::100', 'fd09::100'],
    extra: 'fd19::100',
  },
])('$family', ({ make, own, elsewhere, vips, extra }) => {
  const all = [...vips, extra];
  const one = (more: Partial<InstanceConfig> = {}): InstanceConfig =>
    make({ ...QUICK, vips: vips.map((text) => vip(text)), extraVips: [vip(extra)], ...more });

  it('VIPs are there with a lifetime, usable at once, and none is the source of the host', async () => {
    await master(one());
    for (const text of all) expect(shown(text)).toMatch(/ valid_lft [1-3]sec /);
    for (const text of all) expect(shown(text)).not.toContain('tentative');
    expect(lan.ip('a', `route get ${elsewhere}`)).toContain(` src ${own} `);
  });

  it('extra VIPs are where their network is, announced there and not advertised', async () => {
    const beside = await lan.watch({ on: 'eth2' });
    await master(one());
    expect(shown(extra)).toMatch(/^\d+: eth2 /);
    const told = await until('it is announced on eth2', () =>
      beside.announcements.find((announcement) => announcement.address === extra),
    );
    expect(told.mac).toBe('02:00:00:00:02:01');
    for (const text of vips)
      await until(`${text} is announced on eth1`, () =>
        witness.announcements.some(({ address, mac }) => address === text && mac === '02:00:00:00:01:01'),
      );
    expect(witness.announcements.map((announcement) => announcement.address)).not.toContain(extra);
    await witness.next(own, 0);
    const adverts = witness.seen.map(({ addresses }) => addresses.join());
    expect(new Set(adverts)).toEqual(new Set([vips.join()]));
  });

  it('VIPs deleted behind our back come back within 100 ms, and are announced', async () => {
    await master(one());
    for (const [text, on] of [
      [vips[1], 'eth1'],
      [extra, 'eth2'],
    ] as const) {
      const sinceMs = Date.now();
      lan.ip('a', `addr del ${shown(`${text}`).split(/\s+/)[3]} dev ${on}`);
      await until(`${text} is back`, () => lan.has('a', `${text}`), 100);
      if (on === 'eth1')
        await until('it is announced', () =>
          witness.announcements.find((told) => told.address === text && told.atMs >= sinceMs),
        );
    }
  });

  it('the own address goes for a moment, as when a manager configures the interface anew, and nobody takes over', async () => {
    const a = await master(one());
    const b = await new VrrpAgent(lan, 'b', configuration([one()])).start().connect();
    await b.reaches('BACKUP');
    const [prefix, more] = own.includes(':') ? ['64', ' nodad'] : ['24', ''];
    const again = `ip addr add ${own}/${prefix} dev eth1${more}`;
    for (const text of [own, vips[1], own]) {
      const line = shown(`${text}`).split(/\s+/)[3];
      // the moment shall stay one where others want the processor, too
      const words = `ip addr del ${line} dev eth1; sleep 0.05; ${text === own ? again : ':'}`;
      lan.exec('a', 'chrt', '--rr', '20', 'sh', '-c', words);
      await witness.next(own, Date.now());
    }
    await until('the VIPs are there', () => all.every((text) => lan.has('a', text)));
    expect(a.transitions.at(-1)?.to).toBe('MASTER');
    expect(b.transitions.map(({ to }) => to)).not.toContain('MASTER');
    lan.ip('a', `addr del ${own}/${prefix} dev eth1`);
    await a.reaches('FAULT');
    await b.reaches('MASTER');
  });

  it('VIPs on another interface come back when it was down', async () => {
    const a = await master(one());
    lan.ip('a', 'link set eth2 down');
    lan.ip('a', 'link set eth2 up');
    await until('the extra VIP is back', () => lan.has('a', extra));
    await witness.next(own, Date.now());
    expect([a.instance()?.state, lan.has('a', extra)]).toEqual(['MASTER', true]);
  });

  it('VIPs stay over a restart, and nobody notices', async () => {
    const a = await master(one({ advertIntervalMs: 1000 }));
    const b = await new VrrpAgent(lan, 'b', configuration([one({ advertIntervalMs: 1000 })])).start().connect();
    await b.reaches('BACKUP');
    const fromMs = (await witness.next(own, 0)).atMs;
    await a.signal('SIGKILL');
    a.start();
    await a.connect();
    await a.reaches('MASTER');
    const untilMs = (await witness.next(own, Date.now() + 2500)).atMs;
    expect(witness.longestGapMs(fromMs, untilMs)).toBeLessThan(3600);
    expect(b.transitions.map(({ to }) => to)).not.toContain('MASTER');
    for (const text of all) expect(lan.has('a', text)).toBe(true);
  });

  it('a neighbour that had the old MASTER for the VIP has the new one after a take-over', async () => {
    lan.addHost('c', { eth1: [elsewhere] });
    const text = vips[1] ?? '';
    const config = configuration([one()]);
    const a = await new VrrpAgent(lan, 'a', config).start().connect();
    await a.reaches('MASTER');
    const b = await new VrrpAgent(lan, 'b', config).start().connect();
    await b.reaches('BACKUP');
    const known = (): string => lan.ip('c', `neigh show ${text} dev eth1`);
    lan.ip('c', `neigh replace ${text} lladdr 02:00:00:00:01:01 dev eth1 nud stale`);
    await a.signal('SIGKILL');
    await b.reaches('MASTER');
    await until(
      () => `the neighbour knows; it has ${known()}`,
      () => known().includes('02:00:00:00:01:02'),
    );
  });
});

describe('settings of a VIP', () => {
  it('label, scope, broadcast, prefix and interface are as written', async () => {
    const vips = [
      vip('10.9.0.100', { label: 'eth1:web' }),
      vip('10.9.0.101', { scope: 'link', broadcast: address('10.9.0.255') }),
      vip('192.0.2.77', { interface: 'eth2', prefixLength: 24 }),
      vip('192.0.2.1', { interface: 'lo', scope: 'host' }),
    ];
    await master(instance({ ...QUICK, vips }));
    expect(shown('10.9.0.100')).toMatch(/eth1 .*\/32 scope global dynamic eth1:web/);
    expect(shown('10.9.0.101')).toMatch(/eth1 .*\/32 brd 10\.9\.0\.255 scope link dynamic eth1/);
    expect(shown('192.0.2.77')).toMatch(/eth2 .*\/24 scope global dynamic eth2/);
    expect(shown('192.0.2.1')).toMatch(/lo .*\/32 scope host dynamic lo/);
  });

  it('IPv6: without duplicate address detection and deprecated, on the interface that is named', async () => {
    lan.exec('a', 'sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=1', 'net.ipv6.conf.eth2.accept_dad=1');
    await master(instance6({ ...QUICK, vips: [vip('fd09::100', { interface: 'eth2' }), vip('fd09::101', { prefixLength: 64 })] })); // biome-ignore format: short
    expect(shown('fd09::100')).toMatch(/eth2 .*\/128 scope global nodad deprecated dynamic .*preferred_lft 0sec/);
    expect(shown('fd09::101')).toMatch(/eth1 .*\/64 scope global nodad deprecated dynamic .*preferred_lft 0sec/);
  });
});

describe('IPv6 over multicast on a director that has a link-local address only', () => {
  beforeEach(() => {
    for (const host of ['a', 'b']) lan.ip(host, `addr del fd09::${host === 'a' ? 1 : 2}/64 dev eth1`);
  });
  const config = configuration([instance6({ ...QUICK, transport: 'multicast' })]);

  it('elects, hands over, and speaks from nothing else', async () => {
    const a = await new VrrpAgent(lan, 'a', config).start().connect();
    await a.reaches('MASTER');
    const b = await new VrrpAgent(lan, 'b', config).start().connect();
    await b.reaches('BACKUP');
    await until('b knows the MASTER', () => b.instance()?.master === lan.linkLocal('a'));
    expect(b.instance()?.dropped).toEqual({});
    await a.stopForGood();
    await b.reaches('MASTER');
    await until('the VIP has moved', () => lan.has('b', 'fd09::100') && !lan.has('a', 'fd09::100'));
    expect(new Set(witness.seen.map(({ source }) => source))).toEqual(
      new Set([lan.linkLocal('a'), lan.linkLocal('b')]),
    );
  });

  it('takes the address up when it appears, and is in FAULT without', async () => {
    lan.ip('a', `addr del ${lan.linkLocal('a')}/64 dev eth1`);
    const a = await new VrrpAgent(lan, 'a', config).start().connect();
    const fault = await a.reaches('FAULT');
    expect(fault.cause).toBe('interface eth1 has no link-local IPv6 address');
    lan.exec('a', 'sysctl', '-qw', 'net.ipv6.conf.eth1.accept_dad=1', 'net.ipv6.conf.all.accept_dad=1');
    lan.ip('a', 'addr add fe80::77/64 dev eth1'); // tentative for a while
    await a.reaches('MASTER');
    await witness.next('fe80::77', 0);
    expect(lan.has('a', 'fd09::100')).toBe(true);
    lan.ip('a', 'addr del fe80::77/64 dev eth1');
    await a.reaches('FAULT');
    await until('the VIP is gone', () => !lan.has('a', 'fd09::100'));
  });

  it('goes on after its interface was down, when the kernel has made it a link-local address again', async () => {
    const a = await new VrrpAgent(lan, 'a', config).start().connect();
    await a.reaches('MASTER');
    lan.ip('a', 'link set eth1 down');
    await a.reaches('FAULT');
    lan.ip('a', 'link set eth1 up');
    await a.reaches('MASTER');
    await until('the VIP is back', () => lan.has('a', 'fd09::100'));
  });
});
