/** Applies against models of hosts: what is sent, in which order, and what is never true on the way. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { topology } from '../desired/topology.ts';
import { ModelCluster } from './model-cluster.ts';

const RELEASE = vi.hoisted(() => ({ hash: 'bb', node: '22', vrrpParts: 'b0' }));

// The release is not what these tests are about, and building one needs what `npm run build` makes.
vi.mock(import('../../src/playbook/release.ts'), async (original) => ({
  ...(await original()),
  buildRelease: async () => ({ architecture: 'x64' as const, ...RELEASE, manifest: '', files: [] }),
  packRelease: async () => ({ path: '/dev/null', size: 0 }),
}));

const NAMES = ['dr', 'nat', 'tun', 'fwmark', 'dual-master'] as const;

// Whole clusters, many times over: seconds on a busy machine.
describe('an apply', { timeout: 60_000 }, () => {
  it.each(NAMES)('makes %s of fresh hosts, and a plan after it shows nothing', async (name) => {
    const cluster = new ModelCluster();
    expect((await cluster.apply(topology(name))).ended).toBe('done');
    expect(await cluster.left(topology(name))).toEqual([]);
  });

  it('makes any topology of any other, silently all the way, and leaves nothing of the former behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...NAMES), { minLength: 2, maxLength: 4 }), async (names) => {
        const cluster = new ModelCluster();
        for (const name of names) {
          expect((await cluster.apply(topology(name))).ended).toBe('done');
          expect(await cluster.left(topology(name))).toEqual([]);
        }
        const alone = new ModelCluster();
        await alone.apply(topology(names.at(-1)!));
        for (const name of ['web1', 'web2']) {
          const [one, other] = [cluster.host(name), alone.host(name)];
          expect(one.addresses).toEqual(other.addresses);
          expect(one.rules).toEqual(other.rules);
          expect([one.via, one.isTunnelUp]).toEqual([other.via, other.isTunnelUp]);
          expect(one.sysctls.get('net.ipv4.conf.all.arp_ignore')).toBe(
            other.sysctls.get('net.ipv4.conf.all.arp_ignore'),
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  it('sets what an interface lacks that the agent makes with its configuration, also before udev has', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    for (const name of ['lb1', 'lb2']) {
      const { sysctls } = cluster.host(name);
      cluster.host(name).onConfig = () =>
        sysctls.set('net.ipv6.conf.vrrp/51.accept_ra', '1').set('net.ipv6.conf.vrrp/51.autoconf', '1');
    }
    const config = topology('dr');
    const virtualMac = { enabled: true, transmitFrom: 'base' } as const;
    const virtual = { ...config, instances: config.instances.map((one) => ({ ...one, virtualMac })) };
    expect((await cluster.apply(virtual)).ended).toBe('done');
    expect(cluster.host('lb2').sysctls.get('net.ipv6.conf.vrrp/51.accept_ra')).toBe('0');
    expect(await cluster.left(virtual)).toEqual([]);
  });

  it('grows realservers first, then the directors one after the other, then the return routes', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    cluster.log.length = 0;
    await cluster.apply(topology('nat'));
    const first = (words: string) => cluster.log.findIndex((line) => line.includes(words));
    const last = (words: string) => cluster.log.findLastIndex((line) => line.includes(words));
    expect(first('web1: return route')).toBeGreaterThan(last('lb1:'));
    expect(first('web1: return route')).toBeGreaterThan(last('lb2:'));
    expect(first('web1: former VIPs')).toBeGreaterThan(last('web1: return route'));
    expect(first('web1: former sysctls')).toBeGreaterThan(first('web1: former VIPs'));
  });

  it('sends the release to all directors before any of them changes, and again only to one that lacks it', async () => {
    const cluster = new ModelCluster();
    const [lb1, lb2] = [cluster.host('lb1'), cluster.host('lb2')];
    lb1.releases.clear();
    lb2.releases.clear();
    expect((await cluster.apply(topology('dr'))).ended).toBe('done');
    const sent = cluster.log.flatMap((line, at) => (line.includes('upload') ? [at] : []));
    expect(sent).toHaveLength(2);
    expect(Math.max(...sent)).toBeLessThan(
      cluster.log.findIndex((line) => line.includes('managed files') && line.startsWith('lb')),
    );
    expect(await cluster.left(topology('dr'))).toEqual([]);
    lb2.releases.clear();
    lb2.current = null;
    cluster.log.length = 0;
    await cluster.apply(topology('dr'));
    expect(cluster.log.filter((line) => line.includes('upload'))).toEqual([expect.stringMatching(/^lb2: /)]);
  });

  it('touches no director when one of them cannot take the release', async () => {
    const cluster = new ModelCluster();
    cluster.host('lb2').releases.clear();
    cluster.host('lb2').failing = 'agent release';
    const { ended, hosts } = await cluster.apply(topology('dr'));
    expect(ended).toBe('failed');
    expect(hosts.find(({ failure }) => failure)?.failure?.message).toMatch(/^lb2: unpacking the agent failed/);
    expect(cluster.log.filter((line) => line.startsWith('lb1'))).toEqual([]);
  });

  it('does the MASTER last', async () => {
    const cluster = new ModelCluster();
    cluster.host('lb1').role = () => 'BACKUP';
    await cluster.apply(topology('tun'));
    cluster.log.length = 0;
    await cluster.apply({ ...topology('tun'), cluster: 'renamed' });
    const order = cluster.log.filter((line) => line.endsWith(': agent'));
    expect(order).toEqual(['lb1: agent', 'lb2: agent']);
  });

  it('gives a new instance to the director that is preferred for it, if another one is MASTER', async () => {
    const cluster = new ModelCluster();
    const [lb1, lb2] = [cluster.host('lb1'), cluster.host('lb2')];
    lb2.role = () => 'BACKUP';
    const yielded: string[] = [];
    lb1.onYield = (instance) => {
      yielded.push(instance);
      const states = lb2.state!.vrrp.instances.map((one) =>
        one.name === instance ? { ...one, state: 'MASTER' as const } : one,
      );
      lb2.state = { ...lb2.state!, vrrp: { ...lb2.state!.vrrp, instances: states } };
    };
    expect((await cluster.apply(topology('dual-master'))).ended).toBe('done');
    expect(yielded).toEqual(['green']);
    await cluster.apply({ ...topology('dual-master'), cluster: 'renamed' });
    expect(yielded).toEqual(['green']);
  });

  it('takes an instance of the same name with another VRID for a new one, and one that only changed for the old one', async () => {
    const cluster = new ModelCluster();
    const [lb1, lb2] = [cluster.host('lb1'), cluster.host('lb2')];
    lb1.role = () => 'BACKUP';
    const yielded: string[] = [];
    lb2.onYield = (instance) => {
      yielded.push(instance);
      const [one] = lb1.state!.vrrp.instances;
      lb1.state = { ...lb1.state!, vrrp: { ...lb1.state!.vrrp, instances: [{ ...one!, state: 'MASTER' }] } };
    };
    // lb2 is preferred here, and lb1 in the next.
    await cluster.apply(topology('tun'));
    expect(yielded).toEqual([]);
    expect((await cluster.apply(topology('fwmark'))).ended).toBe('done');
    expect(yielded).toEqual(['public']);
    await cluster.apply({ ...topology('fwmark'), cluster: 'renamed' });
    expect(yielded).toEqual(['public']);
  });

  it('stops at the first director that fails, and leaves the other as it was', async () => {
    const cluster = new ModelCluster();
    cluster.host('lb1').failing = 'agent';
    const { ended, hosts } = await cluster.apply(topology('dr'));
    expect(ended).toBe('failed');
    expect(cluster.log.filter((line) => line.startsWith('lb2'))).toEqual([]);
    expect(hosts.find(({ failure }) => failure)?.failure?.message).toMatch(/^lb1: agent failed: no such thing \(/);
    cluster.host('lb1').failing = null;
    expect((await cluster.apply(topology('dr'))).ended).toBe('done');
    expect(await cluster.left(topology('dr'))).toEqual([]);
  });

  it('fails at a director that finds its VIP in use by somebody else, says by whom, and leaves the other as it was', async () => {
    const cluster = new ModelCluster();
    cluster.host('lb1').foreign = { mac: '02:00:00:00:00:99', forMs: 10_000 };
    const { ended, hosts } = await cluster.apply(topology('dr'));
    expect(ended).toBe('failed');
    expect(cluster.log.filter((line) => line.startsWith('lb2'))).toEqual([]);
    expect(hosts.find(({ failure }) => failure)?.failure).toEqual({
      host: 'lb1',
      kind: 'failed',
      message: 'lb1: VRRP instance public is in FAULT: 10.77.1.100 is in use by 02:00:00:00:00:99.',
      hints: [expect.stringContaining('take the address off'), expect.stringContaining('journalctl')],
    });
  });

  it('goes back to the former topology where one that failed has left the directors apart', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    cluster.host('lb2').failing = 'kernel modules';
    expect((await cluster.apply(topology('fwmark'))).ended).toBe('failed');
    expect((await cluster.apply(topology('dr'))).ended).toBe('done');
    expect(await cluster.left(topology('dr'))).toEqual([]);
    const generations = ['lb1', 'lb2'].map((name) => cluster.host(name).state?.config.generation);
    expect(generations).toEqual([3, 3]);
  });

  it('touches no director when a realserver fails, and lets the other realservers finish', async () => {
    const cluster = new ModelCluster();
    cluster.host('web1').failing = 'VIPs';
    expect((await cluster.apply(topology('dr'))).ended).toBe('failed');
    expect(cluster.log.filter((line) => line.startsWith('lb'))).toEqual([]);
    expect(cluster.host('web2').addresses).toEqual(new Set(['10.77.1.100/32 dev lo']));
  });

  it.each(NAMES)('of %s converges from wherever a failure left it', async (name) => {
    const steps = new ModelCluster();
    await steps.apply(topology('dr'));
    steps.log.length = 0;
    await steps.apply(topology(name));
    for (const line of new Set(steps.log)) {
      const [host = '', step = ''] = line.split(': ');
      const cluster = new ModelCluster();
      await cluster.apply(topology('dr'));
      cluster.host(host).failing = step;
      await cluster.apply(topology(name));
      cluster.host(host).failing = null;
      expect((await cluster.apply(topology(name))).ended).toBe('done');
      expect(await cluster.left(topology(name))).toEqual([]);
    }
  });

  it('begins nothing new once it is told to stop', async () => {
    const cluster = new ModelCluster();
    const { ended } = await cluster.apply(topology('dr'), {
      stopping: () => cluster.log.some((line) => line.startsWith('lb1')),
    });
    expect(ended).toBe('stopped');
    expect(cluster.log.some((line) => line.startsWith('lb2'))).toBe(false);
  });
});
