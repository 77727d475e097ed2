import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/playbook/failure.ts';
import { promptConnect } from '../../src/playbook/prompt-connect.ts';
import type { Connect, Connection, HostConnection } from '../../src/ssh/connection.ts';

const host = (name: string) => ({ name }) as HostConnection;

function transport() {
  const waiting = new Map<string, { resolve: (one: Connection) => void; reject: (error: Error) => void }>();
  const closed: string[] = [];
  const aborted: string[] = [];
  const connect: Connect = ({ name }, options) =>
    new Promise((resolve, reject) => {
      waiting.set(name, { resolve, reject });
      options?.signal?.addEventListener('abort', () => aborted.push(name));
    });
  const answer = (name: string) =>
    waiting.get(name)?.resolve({ close: async () => void closed.push(name) } as unknown as Connection);
  return { connect, answer, fail: (name: string) => waiting.get(name)?.reject(new Error('refused')), closed, aborted };
}

describe('connecting promptly', () => {
  it('gives up whoever answers much later than the first, and closes what comes too late', async () => {
    const { connect, answer, closed, aborted } = transport();
    const prompt = promptConnect(connect, 20);
    const [one, other] = [prompt(host('lb1')), prompt(host('lb2')).catch((error: unknown) => failureOf('lb2', error))];
    answer('lb1');
    await one;
    expect(await other).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('did not answer within'),
    });
    expect(aborted).toEqual(['lb2']);
    answer('lb2');
    await expect.poll(() => closed).toEqual(['lb2']);
  });

  it('waits for the first as long as that takes, and heeds no failure', async () => {
    const { connect, answer, fail, aborted } = transport();
    const prompt = promptConnect(connect, 1);
    const [one, other] = [prompt(host('lb1')), prompt(host('lb2'))];
    fail('lb1');
    await expect(one).rejects.toThrow('refused');
    await new Promise((resolve) => setTimeout(resolve, 30));
    answer('lb2');
    await other;
    expect(aborted).toEqual([]);
  });
});
