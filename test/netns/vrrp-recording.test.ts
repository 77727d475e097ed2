/** Recordings of a real election, a failover and a yield: played again through the pure router, the same comes out, bit for bit. */
import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configuration, instance } from '../vrrp/configuration.ts';
import { firstDifference, type Recording, readRecording } from '../vrrp/replay.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';

let lan: VrrpLan;
beforeEach(() => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: '10.9.0.1' });
  lan.addHost('b', { eth1: '10.9.0.2' });
});
afterEach(() => lan.close());

const read = (path: string): Recording => readRecording(readFileSync(path, 'utf8'));
const states = ({ steps }: Recording): string[] =>
  steps.flatMap(({ effects }) => effects).flatMap((one) => (one.type === 'transition' ? one.to : []));

/** The file of a process that records from its start, as it says. */
const ownFile = (agent: VrrpAgent, count: number): Promise<string> =>
  until('the recording', () => {
    const paths = agent.lines.flatMap((line) => /^<5>recording path=(\S+)/.exec(line)?.[1] ?? []);
    return paths[count];
  });

describe('recordings of VRRP processes', () => {
  it('replay to the same effects and the same state', async () => {
    const config = configuration([instance({ advertIntervalMs: 250 })]);
    const a = await new VrrpAgent(lan, 'a', config).start('alone', '--record').connect();
    await a.reaches('MASTER');
    const b = await new VrrpAgent(lan, 'b', config).start().connect();
    b.send({ type: 'record', on: true });
    const { path = null } = await until('the answer', () => b.recordings[0]);
    await until('it is heard', () => b.instance()?.master === '10.9.0.1');
    await a.signal('SIGKILL');
    await b.reaches('MASTER');
    await a.start('alone', '--record').connect();
    await until('it is heard', () => a.instance()?.master === '10.9.0.2');
    b.send({ type: 'yield', instance: 'public' });
    await a.reaches('MASTER');
    await b.reaches('BACKUP');
    b.send({ type: 'record', on: false });
    const ended = await until('the end', () => b.recordings[1]);
    await a.stopForGood();

    expect(ended).toMatchObject({ path, error: null, bytes: statSync(path ?? '').size });
    expect(statSync(path ?? '').mode & 0o777).toBe(0o600);
    const [killed, taken, stopped] = [read(await ownFile(a, 0)), read(path ?? ''), read(await ownFile(a, 1))];
    for (const one of [killed, taken, stopped]) expect(firstDifference(one)).toBeUndefined();
    expect(killed).toMatchObject({ end: undefined });
    expect(states(killed)).toEqual(['BACKUP', 'MASTER']);
    expect(taken.end?.reason).toBe('asked');
    expect(states(taken)).toEqual(['MASTER', 'BACKUP']);
    expect(taken.steps.map(({ event }) => event.type)).toContain('yield');
    expect(stopped.end?.reason).toBe('stopped');
    expect(states(stopped)).toEqual(['BACKUP', 'MASTER', 'INIT']);
  });
});
