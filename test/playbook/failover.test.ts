/** A hand-over from the control machine's side, with agents in memory. */
import { describe, expect, it } from 'vitest';
import type { Established } from '../../src/facts/established.ts';
import type { DirectorAgent } from '../../src/playbook/director-agent.ts';
import { type HandOverOptions, type HandOverResult, handOver } from '../../src/playbook/failover.ts';
import type { Move } from '../../src/playbook/failover-plan.ts';
import { HostError } from '../../src/playbook/failure.ts';
import type { InstanceState } from '../../src/status/state.ts';
import type { Address } from '../../src/wire/address.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';

class FakeAgent implements DirectorAgent {
  readonly name: string;
  readonly log: string[];
  instance: Partial<InstanceState>;
  /** One answer a question; the last one stays. */
  connections: Record<string, string>[] = [{}];
  onPost: (path: string) => void = () => {};

  constructor(name: string, log: string[], instance: Partial<InstanceState>) {
    this.name = name;
    this.log = log;
    this.instance = instance;
  }

  async state() {
    const instances = [instanceState(this.instance)];
    return agentState({ director: this.name, vrrp: { ...agentState().vrrp, instances } });
  }

  async post(path: string, body: object): Promise<void> {
    this.log.push(`${this.name} ${path}${'owner' in body ? ` of ${body.owner}` : ''}`);
    this.onPost(path);
  }

  async established(): Promise<Established> {
    const [now = {}, ...later] = this.connections;
    if (later.length > 0) this.connections = later;
    return { connections: new Map(Object.entries(now)), isWhole: !('cut off' in now) };
  }
}

const DR: Move = {
  instances: ['public'],
  from: 'lb1',
  to: 'lb2',
  others: ['lb3'],
  relayed: ['10.77.1.100' as Address],
  translated: [],
};
const NAT: Move = { ...DR, others: [], relayed: [], translated: ['10.77.1.102' as Address] };

function cluster() {
  const log: string[] = [];
  let nowMs = 0;
  let later: (() => void)[] = [];
  const time = {
    now: () => nowMs,
    pause: async (ms: number) => {
      nowMs += ms;
      const due = nowMs > 500 ? later.splice(0) : [];
      for (const act of due) act();
    },
  };
  const lb1 = new FakeAgent('lb1', log, { state: 'MASTER' });
  const lb2 = new FakeAgent('lb2', log, { state: 'BACKUP' });
  const lb3 = new FakeAgent('lb3', log, { state: 'BACKUP' });
  lb1.onPost = (path) => {
    if (path !== '/v1/yield') return;
    lb1.instance = { state: 'BACKUP' };
    lb2.instance = { state: 'MASTER' };
  };
  const run = (move: Move, more: Partial<HandOverOptions> = {}): Promise<HandOverResult> =>
    handOver({
      move,
      directors: new Map([lb1, lb2, lb3].map((agent) => [agent.name, agent])),
      oldAddresses: ['10.77.1.11' as Address],
      waitMs: 60_000,
      mayLose: async () => false,
      doing: () => {},
      stopping: () => false,
      time,
      ...more,
    });
  /** Half a second from now. */
  const soon = (act: () => void): void => {
    later = [...later, act];
  };
  return { log, lb1, lb2, lb3, run, soon };
}

describe('a hand-over in DR', () => {
  it('holds the others, asks, and lets the old MASTER go when its successor knows all its connections itself', async () => {
    const { log, lb1, lb2, run } = cluster();
    lb1.connections = [{ a: '0A4D0115', b: '0A4D0115' }];
    lb2.connections = [{ a: '0A4D0115' }, { a: '0A4D0115', b: '0A4D010B' }, { a: '0A4D0115', b: '0A4D0115' }];
    expect(await run(DR)).toMatchObject({ outcome: 'done', left: 0, lost: 0 });
    expect(log).toEqual([
      'lb3 /v1/hold of lvsctl failover',
      'lb1 /v1/yield',
      'lb2 /v1/relay/end',
      'lb1 /v1/lame-duck/end',
      'lb3 /v1/release of lvsctl failover',
    ]);
  });

  it('does not wait for connections of the successor that have ended there, which the old MASTER is still to be told', async () => {
    const { log, lb1, lb2, run } = cluster();
    lb1.connections = [{ a: '0A4D0115', x: '0A4D0115' }, { a: '0A4D0115', y: '0A4D0115' }, { z: '0A4D0115' }];
    lb2.connections = [{}, {}, {}];
    expect(await run(DR)).toMatchObject({ outcome: 'done', left: 0, lost: 0 });
    expect(log).toContain('lb1 /v1/lame-duck/end');
  });

  it('leaves the rest to the agents when told not to wait', async () => {
    const { log, lb1, run } = cluster();
    lb1.connections = [{ a: '0A4D0115' }];
    expect(await run(DR, { waitMs: 0 })).toMatchObject({ outcome: 'done', left: null });
    expect(log.filter((line) => line.endsWith('/end'))).toEqual([]);
  });

  it.each<[string, Partial<HandOverOptions>]>([
    ['when the time is over', { waitMs: 1 }],
    ['when it is interrupted', { stopping: () => true }],
  ])('says how many connections only the old MASTER knows %s, and leaves it to them', async (_when, options) => {
    const { log, lb1, run } = cluster();
    lb1.connections = [{ a: '0A4D0115', b: '0A4D0115' }];
    expect(await run(DR, options)).toMatchObject({ outcome: 'done', left: 2 });
    expect(log.filter((line) => line.endsWith('/end'))).toEqual([]);
  });

  it('does not claim to know what was too long to be told', async () => {
    const { lb1, run } = cluster();
    lb1.connections = [{ 'cut off': '0A4D0115' }];
    expect(await run(DR)).toMatchObject({ outcome: 'done', left: null });
  });

  it('is done with agents of an earlier release, which know no holds and no ends', async () => {
    const { lb1, lb2, lb3, run } = cluster();
    const give = lb1.onPost;
    lb1.onPost = (path) => {
      if (path.endsWith('/end')) throw new HostError('lb1', 'the agent refused: there is no such path (status 404)');
      give(path);
    };
    lb2.onPost = lb1.onPost;
    lb3.onPost = () => {
      throw new HostError('lb3', 'the agent refused: there is no /v1/hold (status 404)');
    };
    expect(await run(DR)).toMatchObject({ outcome: 'done', left: 0 });
  });
});

describe('a role that nobody takes', () => {
  it('is told with both reasons, and the others are free again', async () => {
    const { log, lb1, lb2, run, soon } = cluster();
    lb1.onPost = () => {
      lb1.instance = { state: 'MASTER', handingOver: { since: 1, deadline: 2, cause: 'x' } };
      soon(() => {
        lb1.instance = { state: 'MASTER', cause: 'still MASTER: nobody took it over within 4996 ms' };
      });
    };
    lb2.instance = { state: 'BACKUP', waitingFor: 'the first verdicts of the checks' };
    expect(await run(DR)).toEqual({
      outcome: 'failed',
      message:
        'lb1 is still MASTER of public: still MASTER: nobody took it over within 4996 ms; lb2 is BACKUP (waits for the first verdicts of the checks)',
    });
    expect(log.at(-1)).toBe('lb3 /v1/release of lvsctl failover');
  });

  it('that is never even begun to be handed over is no success either', async () => {
    const { lb1, run } = cluster();
    lb1.onPost = () => {};
    expect(await run(DR)).toMatchObject({ outcome: 'failed', message: expect.stringContaining('lb1 is still MASTER') });
  });
});

describe('a hand-over in NAT', () => {
  it('waits for connection sync first', async () => {
    const { log, lb1, lb2, run } = cluster();
    lb1.connections = [{ a: '0A4D0115' }];
    lb2.connections = [{}, { a: '0A4D0115' }];
    expect(await run(NAT)).toMatchObject({ outcome: 'done', lost: 0 });
    expect(log).toEqual(['lb1 /v1/yield', 'lb2 /v1/relay/end', 'lb1 /v1/lame-duck/end']);
  });

  it('asks when connections would be lost, and does nothing without a yes', async () => {
    const { log, lb1, run } = cluster();
    lb1.connections = [{ a: '0A4D0115', b: '0A4D0115' }];
    const asked: number[] = [];
    const mayLose = async (count: number) => {
      asked.push(count);
      return asked.length > 1;
    };
    expect(await run(NAT, { mayLose })).toEqual({ outcome: 'refused', lost: 2 });
    expect(log).toEqual([]);
    expect(await run(NAT, { mayLose })).toMatchObject({ outcome: 'done', lost: 2 });
    expect(asked).toEqual([2, 2]);
  });
});
