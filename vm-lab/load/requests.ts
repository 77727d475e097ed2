/**
 * A stream of requests, each on a connection of its own, begun at fixed times whatever became of the earlier ones: a
 * service that stops is seen at the next tick, and a slow answer delays nobody.
 */
import type { Socket } from 'node:net';
import { readAnswer, requestText } from './answer.ts';
import { nowMs } from './now.ts';
import { longestOutage } from './outage.ts';
import { pause } from './pause.ts';
import { close, count, countLate, emptyTally, type Gap, type Outcome, type Tally } from './tally.ts';
import { causeOf, dial, type Target } from './target.ts';

export interface RequestsPlan {
  readonly target: Target;
  /** Between two beginnings. */
  readonly intervalMs: number;
  /** For one request, from its beginning to the last byte. */
  readonly timeoutMs: number;
  /** Ends after so many requests, or after so much time, whichever is first. */
  readonly count: number;
  readonly durationMs: number;
  /**
   * What counts as success. A refusal is what a director's own stack says on a port of its VIP that no service has: it tells
   * that the address is there, and no connection table remembers it.
   * @default 'page'
   */
  readonly expects?: 'page' | 'refusal';
}

export interface RequestsReport extends Tally {
  /** How late this machine itself began a request, at worst: what the figures are good for. */
  readonly latestBeginMs: number;
  /** By the beginnings of requests, rather than by the ends of their answers as `longestGap`. */
  readonly longestOutage: Gap;
}

/** Runs until the plan or `stop` ends it; `told` gets the tally so far a few times a second, and each failure at once. */
export async function runRequests(
  plan: RequestsPlan,
  stop: AbortSignal,
  told: (line: object) => void,
): Promise<RequestsReport> {
  const startedMs = nowMs();
  const open = new Set<Promise<void>>();
  let tally = emptyTally(startedMs);
  let latestBeginMs = 0;
  let isOver = false;
  const failedMs: number[] = [];
  const figures = () => ({ latestBeginMs, longestOutage: longestOutage(failedMs, plan.intervalMs) });
  const ticker = setInterval(() => told({ kind: 'tick', ...tally, ...figures() }), 100);
  const begin = async (dueMs: number): Promise<void> => {
    latestBeginMs = Math.max(latestBeginMs, nowMs() - dueMs);
    const outcome = await request(plan, dueMs);
    tally = isOver ? countLate(tally, outcome) : count(tally, outcome);
    if (outcome.cause === undefined) return;
    failedMs.push(dueMs);
    told({ kind: 'failure', ...outcome });
  };
  const more = (sent: number) => sent < plan.count && sent * plan.intervalMs < plan.durationMs && !stop.aborted;
  for (let sent = 0; more(sent); sent += 1) {
    const dueMs = startedMs + sent * plan.intervalMs;
    await pause(dueMs - nowMs(), stop);
    if (stop.aborted) break;
    const running = begin(dueMs).finally(() => open.delete(running));
    open.add(running);
  }
  tally = close(tally, nowMs());
  isOver = true;
  await Promise.all(open);
  clearInterval(ticker);
  return { ...tally, ...figures() };
}

function request(plan: RequestsPlan, startedMs: number): Promise<Outcome> {
  const { target } = plan;
  return new Promise((resolve) => {
    let bytes = '';
    const socket: Socket = dial(target, () => socket.write(requestText(target.address, target.path, 'close')));
    const settle = (rest: Pick<Outcome, 'server' | 'cause'>) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ startedMs, endedMs: nowMs(), ...rest });
    };
    const timer = setTimeout(() => settle({ cause: 'timeout' }), plan.timeoutMs - (nowMs() - startedMs));
    socket.setEncoding('latin1');
    socket.on('error', (error) => {
      const cause = causeOf(error);
      settle(plan.expects === 'refusal' && cause === 'refused' ? { server: cause } : { cause });
    });
    socket.on('close', () => settle({ cause: 'closed' }));
    socket.on('data', (chunk) => {
      bytes += chunk;
      const outcome = outcomeOf(bytes);
      if (outcome !== undefined) settle(outcome);
    });
  });
}

function outcomeOf(bytes: string): Pick<Outcome, 'server' | 'cause'> | undefined {
  try {
    const answer = readAnswer(bytes);
    if (answer === undefined) return undefined;
    return answer.status === 200 ? { server: answer.body.trim() } : { cause: `status ${answer.status}` };
  } catch (error) {
    return { cause: error instanceof Error ? error.message : String(error) };
  }
}
