/** The command line: `-- failover --only crash,cut --mode dr --advert 100ms --rate 500 --runs 5`. */
import { parseArgs } from 'node:util';
import { parseDurationMs } from '../../../vm-lab/measure.ts';
import { type BenchPlan, FAULTS, FULL, MODES, PEERS, QUICK } from './plan.ts';

export const USAGE = `npm run bench -- failover [--full] [--only FAULT,…] [--peer PEER,…] [--mode MODE,…] [--advert 1s,100ms]
    [--rate NEW_CONNECTIONS_A_SECOND,…] [--runs N] [--busy 1m] [--within 12m] [--json]
  FAULT: ${FAULTS.join(' ')} busy; PEER: ${PEERS.join(' ')}; MODE: ${MODES.join(' ')}`;

/** @throws Error in one sentence, for what is not an option or not a value of it. */
export function parseOptions(args: readonly string[]): BenchPlan {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    only: text,
    peer: text,
    mode: text,
    advert: text,
    rate: text,
    runs: text,
    busy: text,
    within: text,
  };
  const { values } = parseArgs({ args: [...args], options: { ...options, full: flag, json: flag }, strict: true });
  const base = values.full ? FULL : QUICK;
  const only = listOf(values.only, [...FAULTS, 'busy'], '--only');
  const busySeconds = values.busy === undefined ? base.busySeconds : parseDurationMs(values.busy) / 1000;
  return {
    peers: listOf(values.peer, PEERS, '--peer') ?? base.peers,
    modes: listOf(values.mode, MODES, '--mode') ?? base.modes,
    advertsMs: values.advert?.split(',').map(parseDurationMs) ?? base.advertsMs,
    rates: values.rate?.split(',').map((one) => countOf(one, '--rate')) ?? base.rates,
    faults: only === undefined ? base.faults : FAULTS.filter((fault) => only.includes(fault)),
    runs: values.runs === undefined ? base.runs : countOf(values.runs, '--runs'),
    busySeconds: only === undefined || only.includes('busy') ? busySeconds : 0,
    withinMs: values.within === undefined ? base.withinMs : parseDurationMs(values.within),
    json: values.json ?? false,
  };
}

function listOf<Word extends string>(value: string | undefined, words: readonly Word[], option: string) {
  if (value === undefined) return undefined;
  return value.split(',').map((text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new Error(`${option}: expected some of ${words.join(', ')}, not ${text}`);
    return found;
  });
}

function countOf(text: string, option: string): number {
  const count = Number(text);
  if (!(Number.isInteger(count) && count > 0))
    throw new Error(`${option}: expected a whole number from 1, not ${text}`);
  return count;
}
