/** A pair of keepalived changes hands, director by director, and goes back; also when lvsctl is killed at any point. */
import { describe, expect, it, vi } from 'vitest';
import { planHosts } from '../../src/playbook/plan.ts';
import { unmanagedAmong, viewOf } from '../../src/playbook/view.ts';
import { topology } from '../desired/topology.ts';
import { MigrationPair, type Name } from './migration-pair.ts';

// Building a release needs what `npm run build` makes.
vi.mock(import('../../src/playbook/release.ts'), async (original) => ({
  ...(await original()),
  buildRelease: async () =>
    ({ architecture: 'x64', hash: 'bb', node: '22', vrrpParts: 'b0', manifest: '', files: [] }) as const,
  packRelease: async () => ({ path: '/dev/null', size: 0 }),
}));

// It waits for timers of real agents and kernels; it has tests of its own.
vi.mock(import('../../src/playbook/failover.ts'), async (original) => ({
  ...(await original()),
  handOver: async ({ move, directors }) => {
    await directors.get(move.from)?.post('/v1/yield', { instance: move.instances[0] });
    return { outcome: 'done', seconds: 0, left: 0, lost: 0 } as const;
  },
}));

const RECORD = '/usr/local/lib/lvsctl/keepalived';
const speakers = (pair: MigrationPair): string[] =>
  (['lb1', 'lb2'] as const).map((name) => pair.speaks(name).replace('.service', ''));
const generations = (pair: MigrationPair) =>
  (['lb1', 'lb2'] as const).map((name) => pair.cluster.host(name).state?.config);

describe('the BACKUP', () => {
  it('changes hands without anybody else doing anything', async () => {
    const pair = new MigrationPair();
    expect(await pair.plan('lb2')).toMatchObject({ way: 'none', refusals: [], warnings: [] });
    expect(await pair.migrate('lb2')).toBe('done');
    expect(speakers(pair)).toEqual(['keepalived', 'lvs-agent']);
    expect(pair.owners).toEqual(['lb1']);
    const { enabled, files } = pair.cluster.host('lb2');
    expect([...enabled]).toEqual(['lvs-agent.service']);
    expect(files.get(RECORD)).toMatch(/^# Managed by lvsctl.*\n.*\n#: keepalived enabled\n$/);
    expect(pair.cluster.log.filter((line) => line.startsWith('lb1'))).toEqual([]);
    expect((await pair.plan('lb2')).done).toBe(true);
  });

  it('goes back to what it was, whatever it was', async () => {
    const pair = new MigrationPair();
    pair.cluster.host('lb2').enabled.clear();
    const before = new Map(pair.cluster.host('lb2').sysctls);
    await pair.migrate('lb2');
    expect(await pair.migrate('lb2', true)).toBe('done');
    expect(speakers(pair)).toEqual(['keepalived', 'keepalived']);
    const { enabled, files, sysctls } = pair.cluster.host('lb2');
    expect([...enabled]).toEqual([]);
    expect([...files.keys()].filter((path) => !path.startsWith('/var/lib/lvs-agent/'))).toEqual([]);
    for (const [key, value] of before) expect([key, sysctls.get(key)]).toEqual([key, value]);
    expect(pair.owners).toEqual(['lb1']);
    expect((await pair.plan('lb2', true)).done).toBe(true);
  });
});

describe('the MASTER', () => {
  it('gives its addresses to an agent that takes them first, and lasts no longer than needed', async () => {
    const pair = new MigrationPair();
    await pair.migrate('lb2');
    const plan = await pair.plan('lb1');
    expect(plan).toMatchObject({ way: 'raise', taker: 'lb2', moving: ['public'], warnings: [] });
    expect(await pair.migrate('lb1')).toBe('done');
    expect(speakers(pair)).toEqual(['lvs-agent', 'lvs-agent']);
    expect(pair.owners).toEqual(['lb1', 'lb2']);
    const [one, other] = generations(pair);
    expect(one).toEqual(other);
    expect(await pair.cluster.left(pair.config)).not.toContainEqual(expect.stringMatching(/^lb/));
  });

  it('that another keepalived follows says what it costs', async () => {
    const pair = new MigrationPair();
    const plan = await pair.plan('lb1');
    expect(plan).toMatchObject({ way: 'stop', taker: 'lb2' });
    expect(plan.warnings).toEqual([
      "10.77.1.100: about 0.6 s without an owner, from keepalived's farewell until lb2 takes over, and connections that it has not synced are cut; migrate lb2 first and there is none.",
    ]);
    expect(await pair.migrate('lb1')).toBe('done');
    expect(pair.owners).toEqual(['lb1', 'lb2']);
  });

  it('goes on where nobody takes over: keepalived runs again, as it did', async () => {
    const pair = new MigrationPair();
    pair.deaf.add('lb2');
    expect(await pair.migrate('lb1')).toBe('failed');
    expect(speakers(pair)).toEqual(['keepalived', 'keepalived']);
    expect(pair.owner).toBe('lb1');
    expect(pair.cluster.host('lb1').enabled).toContain('keepalived.service');
  });

  it('goes on where the agent does not take over, which has its own priority again', async () => {
    const pair = new MigrationPair();
    await pair.migrate('lb2');
    pair.deaf.add('lb2');
    expect(await pair.migrate('lb1')).toBe('failed');
    expect(speakers(pair)).toEqual(['keepalived', 'lvs-agent']);
    expect(pair.owners).toEqual(['lb1']);
    pair.deaf.clear();
    expect(await pair.migrate('lb1')).toBe('done');
  });

  it('goes back: its agent gives the addresses away before it ends', async () => {
    const pair = new MigrationPair();
    await pair.migrate('lb1');
    await pair.migrate('lb2');
    pair.owners.length = 1;
    const holder = pair.owner!;
    const other = holder === 'lb1' ? 'lb2' : 'lb1';
    expect(await pair.plan(holder, true)).toMatchObject({ way: 'yield', taker: other });
    expect(await pair.migrate(holder, true)).toBe('done');
    expect(pair.owner).toBe(other);
    expect(pair.owners).not.toContain(null);
  });
});

describe('the agent of a mixed pair', () => {
  it('has the other one as a speaker that lvsctl does not manage, until that one is an agent too', async () => {
    const pair = new MigrationPair();
    const speakers = () => {
      const { speech } = pair.cluster.host('lb2').state!.vrrp.instances[0]!;
      return Object.keys(speech!.speakers);
    };
    await pair.migrate('lb2');
    expect(speakers()).toEqual(['lb2']);
    await pair.migrate('lb1');
    expect(speakers()).toEqual(['lb1', 'lb2']);
    await pair.migrate('lb1', true);
    expect(speakers()).toEqual(['lb2']);
  });
});

describe('a run that looks at one director only', () => {
  it('knows from its agent that another was left at its keepalived', async () => {
    const pair = new MigrationPair();
    await pair.migrate('lb2');
    const { hosts } = await pair.cluster.runs(pair.config, ['lb1']);
    const readings = hosts.map(({ target, connection, facts }) => ({ target, connection, facts }));
    expect(unmanagedAmong(pair.config, readings)).toEqual(['lb1']);
    await pair.migrate('lb1');
    const later = await pair.cluster.runs(pair.config, ['lb1']);
    const seen = later.hosts.map(({ target, connection, facts }) => ({ target, connection, facts }));
    expect(unmanagedAmong(pair.config, seen)).toEqual([]);
  });
});

describe('an apply to the one that is an agent', () => {
  const changed = (change: object) => {
    const config = topology('dr');
    return { ...config, instances: config.instances.map((one) => ({ ...one, ...change })) };
  };
  const hmac = { key: { source: 'literal', value: `hex:${'5e'.repeat(32)}` }, mode: 'enforce' };

  it.each([
    ['VRID', { vrid: 77 }, ['VRID 51 → 77']],
    ['key', { hmac }, ['hmac']],
    ['interval', { advertIntervalMs: 500 }, undefined],
  ])('is refused where the keepalived would not understand it: another %s', async (_what, change, why) => {
    const pair = new MigrationPair();
    await pair.migrate('lb2');
    const config = changed(change);
    const { hosts, shared } = await pair.cluster.runs(config);
    const read = hosts.map(({ target, connection, facts }) => ({ target, connection, facts }));
    for (const seen of [read, read.filter(({ target }) => target.wanted.host !== 'lb1')]) {
      const { digest, releases } = shared;
      const view = viewOf(config, unmanagedAmong(config, read), seen, { digest, releases, nowSeconds: 1 });
      expect(view.shared.pins).toEqual(
        why === undefined ? [] : [{ instance: 'public', why, leftOut: [], unmanaged: ['lb1'] }],
      );
      const plan = planHosts(view.readings, view.shared).find(({ host }) => host === 'lb2');
      expect(
        plan?.problems.filter((one) => one.includes('the keepalived of lb1 no longer understands it')),
      ).toHaveLength(why === undefined ? 0 : 1);
    }
  });
});

describe('is refused:', () => {
  it('a way back where there was no keepalived', async () => {
    const pair = new MigrationPair();
    pair.cluster.host('lb2').active.delete('keepalived.service');
    pair.cluster.host('lb2').active.add('lvs-agent.service');
    expect((await pair.plan('lb2', true)).refusals).toEqual([
      'lb2: lvsctl has not stopped a keepalived there, so there is none to go back to.',
    ]);
  });

  it('a way back to a keepalived that would not understand signed adverts', async () => {
    const hmac = { key: { source: 'literal', value: `hex:${'5e'.repeat(32)}` }, mode: 'enforce' } as const;
    const pair = new MigrationPair();
    await pair.migrate('lb2');
    await pair.migrate('lb1');
    const plain = topology('dr');
    const signing = { ...plain, instances: plain.instances.map((one) => ({ ...one, hmac })) };
    const other = Object.assign(new MigrationPair('lb1', signing), { cluster: pair.cluster });
    expect((await other.plan('lb2', true)).refusals).toEqual([
      'lb2: public has signed adverts, which its keepalived does not understand; take `hmac` out of the topology and apply, then go back.',
    ]);
    pair.cluster.host('lb1').active.clear();
    expect((await other.plan('lb2', true, true)).refusals).toEqual([]);
  });

  it('a director that runs nothing', async () => {
    const pair = new MigrationPair();
    pair.cluster.host('lb2').active.clear();
    expect((await pair.plan('lb2')).refusals).toEqual([
      'lb2: keepalived does not run there; apply sets up a director that runs nothing.',
    ]);
  });

  it('a MASTER that nobody can follow, unless told to', async () => {
    const pair = new MigrationPair();
    pair.cluster.host('lb2').active.clear();
    expect((await pair.plan('lb1')).refusals[0]).toMatch(
      /^lb1: nobody else speaks VRRP now and could take 10\.77\.1\.100/,
    );
    expect(await pair.plan('lb1', false, true)).toMatchObject({ way: 'alone', refusals: [] });
  });

  it('a pair whose agent runs another topology', async () => {
    const pair = new MigrationPair();
    await pair.migrate('lb2');
    const other = new MigrationPair('lb1', { ...topology('dr'), cluster: 'other' });
    Object.assign(other, { cluster: pair.cluster });
    expect((await other.plan('lb1')).refusals).toEqual([
      'lb2: its agent does not run this topology; apply it there first (lvsctl apply --limit lb2).',
    ]);
  });
});

/** More scripts than any migration sends. */
const MOST_SCRIPTS = 20;

/** A pair in which a migration of `director`, or back, is what comes next. */
async function pairBefore(director: Name, back: boolean): Promise<MigrationPair> {
  const pair = new MigrationPair();
  if (back || director === 'lb1') await pair.migrate('lb2');
  if (back) await pair.migrate('lb1');
  pair.owners.length = 0;
  return pair;
}

describe('lvsctl killed at any point', () => {
  const CASES: [string, Name, boolean][] = [
    ['of the BACKUP', 'lb2', false],
    ['of the MASTER', 'lb1', false],
    ['of the director that was MASTER, back', 'lb1', true],
    ['of the MASTER back', 'lb2', true],
  ];

  it.each(CASES)('of a migration %s goes on with the next run', async (_what, director, back) => {
    let cuts = 0;
    for (let after = 0; after < MOST_SCRIPTS; after++) {
      const pair = await pairBefore(director, back);
      if ((await pair.migrate(director, back, after)) === 'cut') cuts += 1;
      expect([after, await pair.migrate(director, back)]).toEqual([after, 'done']);
      const speaks = back ? 'keepalived.service' : 'lvs-agent.service';
      expect([after, pair.speaks(director), pair.owners.includes(null)]).toEqual([after, speaks, false]);
      expect([after, pair.isRaised('lb1'), pair.isRaised('lb2')]).toEqual([after, false, false]);
    }
    expect(cuts).toBeGreaterThan(2);
  });

  it.each(CASES)('of a migration %s may turn round instead', async (_what, director, back) => {
    for (let after = 0; after < MOST_SCRIPTS; after++) {
      const pair = await pairBefore(director, back);
      await pair.migrate(director, back, after);
      expect([after, await pair.migrate(director, !back)]).toEqual([after, 'done']);
      const speaks = back ? 'lvs-agent.service' : 'keepalived.service';
      expect([after, pair.speaks(director), pair.owners.includes(null)]).toEqual([after, speaks, false]);
      expect([after, pair.isRaised('lb1'), pair.isRaised('lb2')]).toEqual([after, false, false]);
    }
  });
});
