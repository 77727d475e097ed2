/** Two supervisors on loopback that are given another key, each with a VRRP process that listens: who is told what, when. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ringsShape } from '../../src/agent/protection-shape.ts';
import { accept } from '../../src/agent/shape.ts';
import { signingKey } from '../../src/vrrp/protection.ts';
import type { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig } from '../agent/config.ts';
import { startTwoAgents } from './two-agents.ts';

let lb1: AgentFixture;
let lb2: AgentFixture;
let topology: string;

const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 15_000, interval: 20 });
const key = (number: number): string => `${number} hex:${`${number}a`.repeat(32)}`;

function give(agent: AgentFixture, self: string, generation: number, number: number | null) {
  const hmac = number === null ? '' : `, hmac: { key: "${key(number)}" }`;
  const text = topology.replace('vrid: 51', `vrid: 51${hmac}`);
  expect(text.includes('hmac')).toBe(number !== null);
  const stored = { ...storedConfig(text, { self, generation }), hash: `h${generation}` };
  return agent.request('PUT', '/v1/config', stored);
}

/** By the file that the VRRP process is told to read. */
function signsWith(agent: AgentFixture): number | null {
  const rings = accept(ringsShape, JSON.parse(readFileSync(join(agent.folder, 'hmac.json'), 'utf8')), 'rings');
  const ring = rings['public'];
  return ring === undefined ? null : (signingKey(ring)?.id ?? null);
}
const told = ({ vrrp }: AgentFixture): number =>
  vrrp?.received.filter(({ type }) => type === 'protections').length ?? 0;

beforeEach(async () => {
  ({ lb1, lb2, topology } = await startTwoAgents(8));
});
afterEach(async () => {
  await lb1.end();
  await lb2.end();
});

describe('a key', () => {
  it('begins to be signed with when both have told each other that they have it, and so does the next', async () => {
    await give(lb1, 'lb1', 1, null);
    await give(lb2, 'lb2', 1, null);
    for (const [generation, before, next] of [
      [2, null, 3],
      [3, 3, 4],
      [4, 4, null],
    ] as const) {
      // biome-ignore format: short
      const messages = told(lb1);
      expect(await give(lb2, 'lb2', generation, next)).toMatchObject({ status: 200 });
      expect(signsWith(lb2)).toBe(before);
      expect(await give(lb1, 'lb1', generation, next)).toMatchObject({ status: 200 });
      await eventually(() => [signsWith(lb1), signsWith(lb2)]).toEqual([next, next]);
      expect(told(lb1)).toBeGreaterThan(messages);
    }
    const said = [...lb1.lines, ...lb2.lines, JSON.stringify(await lb1.state())].join();
    expect(said).toContain('public signs with key 4 from now on');
    expect(said).not.toContain('4a4a');
  });

  it('that one of them refuses is not signed with by the other', async () => {
    await give(lb1, 'lb1', 1, 3);
    await give(lb2, 'lb2', 1, 3);
    lb1.vrrp!.refusal = 'no';
    await give(lb2, 'lb2', 2, 4);
    expect(await give(lb1, 'lb1', 2, 4)).toMatchObject({ status: 422 });
    expect([signsWith(lb1), signsWith(lb2)]).toEqual([3, 3]);
  });
});
