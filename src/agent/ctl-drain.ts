/** `lvs-agent ctl drain`: what is asked of the agent, and the wait until nothing is left at this director. */
import { parseDuration } from '../config/duration.ts';
import { countsOf, drainOf } from '../status/drain.ts';
import type { Watch } from './ctl.ts';

export interface DrainArguments {
  readonly service?: string[];
  readonly reason?: string;
  readonly for?: string;
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
}

const TIMEOUT = '10m';
const POLL_MS = 1_000;

export interface DrainAsked {
  readonly body: object;
  readonly watch: Watch | undefined;
}

/** undefined: not understood. */
export function drainAsked(
  names: readonly string[],
  { service, reason, for: period, force = false, wait = false, timeout }: DrainArguments,
  owner: string,
): DrainAsked | undefined {
  const [forMs, waitMs] = [period, timeout ?? TIMEOUT].map((text) => (text === undefined ? 0 : parseDuration(text)));
  if (names.length === 0 || forMs === undefined || waitMs === undefined) return undefined;
  const until = period === undefined ? null : Date.now() + forMs;
  const body = { realservers: names, services: service ?? null, owner, reason: reason ?? null, until, guard: !force };
  return { body, watch: wait || timeout !== undefined ? untilEmpty(names, service, waitMs) : undefined };
}

/** Templates of persistent clients are shown and not waited for. */
function untilEmpty(names: readonly string[], asked: readonly string[] | undefined, waitMs: number): Watch {
  return {
    pollMs: POLL_MS,
    look: (state, sinceMs) => {
      const services = asked ?? [...new Set(state.ipvs.services.flatMap(({ name }) => name ?? []))];
      const left = names.map((realserver) => ({ realserver, ...countsOf(state, realserver, services) }));
      const isEmpty = left.every(({ weight, active, inactive }) => weight + active + inactive === 0);
      const isDrained = names.every((name) => services.some((service) => drainOf(state, name, service) !== undefined));
      if (!isEmpty && isDrained && sinceMs < waitMs) return null;
      const status = isEmpty && isDrained ? 200 : 409;
      return { status, text: `${JSON.stringify({ empty: isEmpty, drained: isDrained, realservers: left })}\n` };
    },
  };
}
