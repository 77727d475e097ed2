/**
 * The key that the directors of a cluster share: made here once, and from then on the one that most of them have. It travels as
 * a secret, from one director to those that lack it, and is kept nowhere else.
 */
import { randomBytes } from 'node:crypto';
import { keyFileText, keyInFile } from '../config/exchange.ts';
import { AGENT } from '../desired/agent-units.ts';
import { quote } from '../shell/quote.ts';
import type { Reading } from './cluster.ts';
import { failureOf } from './failure.ts';
import type { Shared } from './plan.ts';
import { doing, fail, type HostRun, type Run } from './run.ts';

/** A key as operations know it: while planning, by its fingerprint only. */
export type ExchangeKey = Shared['exchange'];

/**
 * Which key all directors shall have; where none has one it is made, but only when all of them can be given it.
 * @param directors how many the topology has, whoever was asked
 */
export function exchangeKeyFor(readings: readonly Reading[], directors: number): ExchangeKey {
  const read = readings.flatMap((one) => ('facts' in one && one.facts.agent !== null ? [one.facts.agent] : []));
  const ids = read.flatMap(({ exchangeKey }) => exchangeKey ?? []);
  const count = (id: string): number => ids.filter((one) => one === id).length;
  const id = ids.reduce<string | null>((best, one) => (best !== null && count(best) >= count(one) ? best : one), null);
  return id === null && read.length < directors ? null : { id, file: null };
}

/** The run with the key itself, if any director is to get one; null: it could not be had, and the director says why. */
export async function withExchangeKey(run: Run, directors: readonly HostRun[]): Promise<Run | null> {
  const { exchange } = run.shared;
  const isLacking = ({ target, facts }: HostRun): boolean =>
    target.wanted.director?.exchanges === true && facts.agent?.exchangeKey !== exchange?.id;
  const lacking = directors.filter((host) => exchange?.id === null || isLacking(host));
  if (exchange === null || lacking.length === 0) return run;
  const giver = directors.find(({ facts }) => exchange.id !== null && facts.agent?.exchangeKey === exchange.id);
  const text = giver === undefined ? null : await keyOf(run, giver);
  if (text === undefined) return null;
  // One that is damaged on the director that has it is replaced everywhere.
  const hex = keyInFile(text ?? '', run.shared.digest)?.hex ?? randomBytes(32).toString('hex');
  const file = keyFileText(hex, run.shared.digest);
  return {
    ...run,
    shared: { ...run.shared, exchange: { id: file.split('\n')[0] ?? null, file: { secret: file } } },
  };
}

async function keyOf(run: Run, host: HostRun): Promise<string | undefined> {
  doing(run, host, 'reading the exchange key');
  try {
    const steps = [{ name: 'exchange key', text: `cat ${quote(AGENT.exchangeKey)}` }];
    const { steps: done } = await host.connection.runScript(steps, run.signal ? { signal: run.signal } : {});
    return done[0]?.stdout ?? '';
  } catch (error) {
    fail(run, host, failureOf(host.target.wanted.host, error));
    return undefined;
  }
}
