/** Drains from the control machine's side, with agents in memory. */
import { describe, expect, it } from 'vitest';
import type { DirectorAgent } from '../../src/playbook/director-agent.ts';
import { type DrainOptions, drain } from '../../src/playbook/drain.ts';
import { leftText } from '../../src/playbook/drain-look.ts';
import type { DrainOrder, Subject } from '../../src/playbook/drain-plan.ts';
import { HostError } from '../../src/playbook/failure.ts';
import { undrain } from '../../src/playbook/undrain.ts';
import type { AgentState, DestinationState, OverrideState } from '../../src/status/state.ts';
import { drainState } from './drain-state.ts';

/** Keeps overrides, and weights by them, as an agent does. */
class FakeAgent implements DirectorAgent {
  readonly name: string;
  overrides: OverrideState[] = [];
  /** Of web1 and web2 in service http. */
  counts: Record<string, Partial<DestinationState>> = { web1: {}, web2: {} };
  /** Thrown by the next questions. */
  trouble: Error[] = [];
  onPost: (path: string) => void = () => {};
  /** Others answer meanwhile. */
  lateness = 0;
  more: Partial<AgentState> = {};
  readonly posts: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  async state() {
    for (let late = 0; late < this.lateness; late++) await undefined;
    const error = this.trouble.shift();
    if (error !== undefined) throw error;
    const drained = (name: string) => this.overrides.some(({ realserver }) => realserver === name);
    const table = Object.entries(this.counts).map(([name, one]) => [name, { weight: drained(name) ? 0 : 1, ...one }]);
    return drainState(this.name, { http: Object.fromEntries(table) }, { overrides: this.overrides, ...this.more });
  }

  async post(path: string, body: object): Promise<void> {
    this.posts.push(path);
    this.onPost(path);
    const { realservers, ...rest } = body as DrainOrder & { owner: string };
    this.overrides = this.overrides.filter(({ realserver }) => !realservers.includes(realserver));
    if (path === '/v1/undrain') return;
    const { owner, reason, until } = rest;
    const said = { service: null, weight: 0, owner, reason, since: 1, until };
    this.overrides.push(...realservers.map((realserver) => ({ realserver, ...said })));
  }

  async established(): Promise<never> {
    throw new Error('nobody asks for connections one by one');
  }
}

const WEB1: Subject = { realserver: 'web1', services: ['http'], isWhole: true };
const WEB2: Subject = { ...WEB1, realserver: 'web2' };
const order = (...realservers: string[]): DrainOrder => ({ realservers, services: null, reason: 'disk', until: null });
const silence = (name: string) => new HostError(name, 'the agent gives no state: it is not running');
const lost = (name: string) => Object.assign(new Error(`${name}: the connection broke`), { code: 4 });

function cluster() {
  const [lb1, lb2] = [new FakeAgent('lb1'), new FakeAgent('lb2')];
  let nowMs = 0;
  const events: (readonly [number, () => void])[] = [];
  const time = {
    now: () => nowMs,
    pause: async (ms: number) => {
      nowMs += ms;
      for (const [atMs, act] of events.filter(([atMs]) => atMs > nowMs - ms && atMs <= nowMs)) if (atMs > 0) act();
    },
  };
  const said: string[] = [];
  const run = (more: Partial<DrainOptions> = {}) =>
    drain({
      ...{ subjects: [WEB1], orders: [order('web1')], owner: 'ann@ops', persistent: new Set(), waitMs: 60_000 },
      directors: new Map([lb1, lb2].map((agent) => [agent.name, agent])),
      doing: (realserver, what) => said.push(`${realserver}: ${what}`),
      stopping: () => false,
      time,
      ...more,
    });
  const at = (seconds: number, act: () => void) => events.push([seconds * 1000, act]);
  return { lb1, lb2, run, at, said, time, directors: new Map([lb1, lb2].map((agent) => [agent.name, agent])) };
}

describe('a drain that is not waited for', () => {
  it('is told to all, and tells what is left', async () => {
    const { lb1, lb2, run } = cluster();
    lb1.counts = { web1: { active: 2, inactive: 1 } };
    lb1.lateness = 9;
    const { realservers, failures } = await run({ waitMs: null });
    expect([lb1, lb2].map(({ overrides }) => overrides[0])).toEqual(
      Array(2).fill(expect.objectContaining({ realserver: 'web1', owner: 'ann@ops', reason: 'disk', weight: 0 })),
    );
    expect({ realservers, failures }).toMatchObject({
      realservers: [{ outcome: 'drained', seconds: 0 }],
      failures: [],
    });
    expect(realservers[0]?.left).toEqual([
      { director: 'lb1', active: 2, inactive: 1, persistent: 0 },
      { director: 'lb2', active: 0, inactive: 0, persistent: 0 },
    ]);
  });

  it('is done at the others when one director refuses', async () => {
    const { lb1, lb2, run } = cluster();
    lb2.onPost = () => {
      throw new HostError('lb2', 'the agent refused: no service has a realserver web1 (status 404)');
    };
    const { realservers, failures } = await run({ waitMs: null });
    expect(lb1.overrides).toHaveLength(1);
    expect(realservers).toMatchObject([{ outcome: 'drained', left: [{ director: 'lb1' }] }]);
    expect(failures).toMatchObject([{ host: 'lb2', kind: 'failed', knows: false }]);
  });

  it('names a director whose kernel keeps the weight', async () => {
    const { lb1, run } = cluster();
    lb1.counts = { web1: { weight: 1 } };
    const ipvs = { ...drainState('lb1', { http: { web1: {} } }).ipvs, error: 'ip_vs is not there' };
    lb1.more = { ipvs };
    const { failures } = await run({ waitMs: null });
    expect(failures).toMatchObject([
      { kind: 'failed', knows: true, message: 'lb1: web1 still has weight 1: ip_vs is not there' },
    ]);
  });
});

describe('a drain that is waited for', () => {
  it('is over when no entry is left at any director, in whatever state', async () => {
    const { lb1, lb2, run, at, said } = cluster();
    lb1.counts = { web1: { active: 1 } };
    lb2.counts = { web1: { inactive: 1 } };
    at(3, () => {
      lb1.counts = { web1: { inactive: 1 } };
    });
    at(5, () => {
      lb2.counts = { web1: {} };
    });
    at(9, () => {
      lb1.counts = { web1: {} };
    });
    expect((await run()).realservers).toMatchObject([{ outcome: 'empty', seconds: 9 }]);
    expect(said[0]).toBe('web1: 1 active at lb1; 1 inactive at lb2');
    expect(said.at(-1)).toBe('web1: 1 inactive at lb1; nothing at lb2');
  });

  it('is over for each by itself', async () => {
    const { lb1, run, at } = cluster();
    lb1.counts = { web1: { active: 1 }, web2: {} };
    at(4, () => {
      lb1.counts = { web1: {}, web2: {} };
    });
    const { realservers } = await run({ subjects: [WEB1, WEB2], orders: [order('web1', 'web2')] });
    expect(realservers).toMatchObject([
      { realserver: 'web2', outcome: 'empty', seconds: 0 },
      { realserver: 'web1', outcome: 'empty', seconds: 4 },
    ]);
  });

  it('heeds persistent clients where the service waits for them', async () => {
    const { lb1, run, at } = cluster();
    lb1.counts = { web1: { persistent: 3 } };
    expect((await run()).realservers).toMatchObject([{ outcome: 'empty', left: [{ persistent: 0 }, {}] }]);
    at(6, () => {
      lb1.counts = { web1: {} };
    });
    expect((await run({ persistent: new Set(['http']) })).realservers).toMatchObject([
      { outcome: 'empty', seconds: 6 },
    ]);
  });

  it('tells what is left when the time is over, and stays drained', async () => {
    const { lb1, run } = cluster();
    lb1.counts = { web1: { active: 4 } };
    expect((await run({ waitMs: 10_000 })).realservers).toMatchObject([{ outcome: 'timeout', seconds: 10 }]);
    expect(lb1.overrides).toHaveLength(1);
  });

  it('does so, too, when it is interrupted', async () => {
    const { lb1, run, at } = cluster();
    lb1.counts = { web1: { active: 4 } };
    let stopped = false;
    at(3, () => {
      stopped = true;
    });
    const { realservers } = await run({ stopping: () => stopped });
    expect(realservers).toMatchObject([{ outcome: 'interrupted', seconds: 3, left: [{ active: 4 }, {}] }]);
    expect(lb1.overrides).toHaveLength(1);
  });

  it('ends when somebody takes it back', async () => {
    const { lb1, lb2, run, at } = cluster();
    lb1.counts = { web1: { active: 4 } };
    at(2, () => {
      lb2.overrides = [];
    });
    expect((await run()).realservers).toMatchObject([{ outcome: 'ended', seconds: 2 }]);
  });

  it('goes on while an agent restarts, and does not take its silence for emptiness', async () => {
    const { lb1, run, said } = cluster();
    lb1.trouble = Array.from({ length: 4 }, () => silence('lb1'));
    const { realservers, failures } = await run();
    expect({ realservers, failures }).toMatchObject({ realservers: [{ outcome: 'empty', seconds: 4 }], failures: [] });
    expect(said[0]).toBe('web1: nothing at lb2; lb1 does not answer just now');
  });

  it('goes on without an agent that stays silent, and says so', async () => {
    const { lb1, run } = cluster();
    lb1.trouble = Array.from({ length: 100 }, () => silence('lb1'));
    const { realservers, failures } = await run();
    expect(realservers).toMatchObject([{ outcome: 'empty', seconds: 30 }]);
    expect(failures).toMatchObject([{ host: 'lb1', kind: 'failed', knows: true }]);
  });

  it('goes on without a director that loses its power', async () => {
    const { lb1, lb2, run, at } = cluster();
    lb2.counts = { web1: { active: 1 } };
    at(2, () => {
      lb1.trouble = [lost('lb1')];
    });
    at(8, () => {
      lb2.counts = { web1: {} };
    });
    const { realservers, failures } = await run();
    expect(realservers).toMatchObject([{ outcome: 'empty', seconds: 8, left: [{ director: 'lb2' }] }]);
    expect(failures).toMatchObject([{ host: 'lb1', kind: 'unreachable', knows: true }]);
  });

  it('is interrupted when its connections are broken off on demand', async () => {
    const { lb1, lb2, run, at } = cluster();
    lb1.counts = { web1: { active: 1 } };
    let stopped = false;
    at(2, () => {
      stopped = true;
      for (const agent of [lb1, lb2]) agent.trouble = [lost(agent.name)];
    });
    expect((await run({ stopping: () => stopped })).realservers).toMatchObject([{ outcome: 'interrupted' }]);
  });

  it('tells of a director once, whatever went wrong with it', async () => {
    const { lb1, run, at } = cluster();
    lb1.counts = { web1: { weight: 1 } };
    at(6, () => {
      lb1.trouble = [lost('lb1')];
    });
    const { failures } = await run();
    expect(failures).toMatchObject([
      { host: 'lb1', knows: true, message: 'lb1: web1 still has weight 1; lb1: the connection broke' },
    ]);
  });

  it('claims nothing when nobody is left to be asked', async () => {
    const { lb1, lb2, run, at } = cluster();
    lb1.counts = { web1: { active: 1 } };
    at(2, () => {
      for (const agent of [lb1, lb2]) agent.trouble = [lost(agent.name)];
    });
    const { realservers, failures } = await run();
    expect(realservers).toMatchObject([{ outcome: 'unknown' }]);
    expect(failures).toHaveLength(2);
  });

  it('tells nobody anything where it is drained already', async () => {
    const { lb1, lb2, run } = cluster();
    await run({ waitMs: null });
    expect((await run({ orders: [] })).realservers).toMatchObject([{ outcome: 'empty' }]);
    expect([lb1.posts, lb2.posts]).toEqual(Array(2).fill(['/v1/drain']));
  });
});

describe('an undrain', () => {
  it('is told to all, and tells the weights', async () => {
    const { lb1, lb2, run, directors, time } = cluster();
    await run({ waitMs: null });
    lb2.counts = { web1: { weight: 3 } };
    const result = await undrain({ subjects: [WEB1], services: null, directors, time });
    expect(result).toEqual({ realservers: [{ realserver: 'web1', weights: { http: 3 } }], failures: [] });
    expect([lb1.overrides, lb2.overrides]).toEqual([[], []]);
  });

  it('is said, too, of whom only a director that is away may know to be drained', async () => {
    const { lb1, directors, time } = cluster();
    const result = await undrain({ subjects: [], also: [WEB1], services: null, directors, time });
    expect([result.realservers, lb1.posts]).toEqual([[], ['/v1/undrain']]);
  });

  it('of nothing tells nobody', async () => {
    const { lb1, directors, time } = cluster();
    expect(await undrain({ subjects: [], services: null, directors, time })).toEqual({ realservers: [], failures: [] });
    expect(lb1.posts).toEqual([]);
  });
});

it('counts in words', () => {
  const left = { director: 'lb1', active: 1, inactive: 2, persistent: 3 };
  expect(leftText([left, { ...left, director: 'lb2', active: 0, inactive: 0, persistent: 0 }])).toBe(
    '1 active, 2 inactive, 3 persistent at lb1; nothing at lb2',
  );
});
