/**
 * Break-glass on the director itself, when the control machine is gone: `lvs-agent ctl …` asks the control socket and prints its
 * answer: JSON, or metrics as Prometheus reads them.
 */
import { request } from 'node:http';
import { userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NEW_HAND_OVER, watchHandOver } from '../status/hand-over.ts';
import type { AgentState } from '../status/state.ts';
import { type DrainArguments, drainAsked } from './ctl-drain.ts';

const USAGE = `usage: lvs-agent ctl status
       lvs-agent ctl metrics
       lvs-agent ctl drain REALSERVER… [--service SERVICE] [--reason TEXT] [--for 2h] [--wait [--timeout 10m]] [--force]
       lvs-agent ctl undrain REALSERVER… [--service SERVICE]
       lvs-agent ctl failover INSTANCE
       lvs-agent ctl hold [INSTANCE] [--reason TEXT] [--minutes N]
       lvs-agent ctl release [INSTANCE]
       lvs-agent ctl record start|stop
`;

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** What comes of it is waited for. */
  readonly watch?: Watch | undefined;
}

interface Said {
  readonly status: number;
  readonly text: string;
}

/** Looks at the agent's state until there is something to say: with the status of an answer, 409 when it did not succeed. */
export interface Watch {
  readonly pollMs: number;
  readonly look: (state: AgentState, sinceMs: number) => Said | null;
}

/** For the first word of it, and the last: meanwhile the VRRP process keeps a deadline of its own. */
const HAND_OVER_MS = 10_000;
const POLL_MS = 200;
/** An agent that restarts is back long before. */
const SILENT_MS = 30_000;

/** @returns the exit code: 0 done, 1 refused or no answer, 64 wrong usage (EX_USAGE of sysexits.h) */
export async function control(socketPath: string, argv: readonly string[], write = output): Promise<number> {
  const asked = parse(argv);
  if (asked === undefined) {
    write('stderr', USAGE);
    return 64;
  }
  try {
    const said = await exchange(socketPath, asked);
    const isWatched = asked.watch !== undefined && said.status < 400;
    const { status, text } = isWatched ? await outcomeOf(socketPath, asked.watch) : said;
    write(status < 400 ? 'stdout' : 'stderr', text);
    return status < 400 ? 0 : 1;
  } catch (error) {
    write('stderr', `the agent does not answer on ${socketPath}: ${(error as Error).message}\n`);
    return 1;
  }
}

/** An agent that starts anew goes on with what was asked of it. */
async function outcomeOf(socketPath: string, { pollMs, look }: Watch): Promise<Said> {
  const begunMs = performance.now();
  let answeredMs = begunMs;
  for (; ; await pause(pollMs)) {
    try {
      const { status, text } = await exchange(socketPath, { method: 'GET', path: '/v1/state' });
      if (status >= 400) throw new Error(text.trim());
      answeredMs = performance.now();
      const said = look(JSON.parse(text) as AgentState, answeredMs - begunMs);
      if (said !== null) return said;
    } catch (error) {
      if (performance.now() - answeredMs >= SILENT_MS) throw error;
    }
  }
}

/** What becomes of a hand-over. */
function untilHandedOver(instance: string): Watch {
  let watched = NEW_HAND_OVER;
  return {
    pollMs: POLL_MS,
    look: ({ vrrp }, sinceMs) => {
      const found = vrrp.instances.find(({ name }) => name === instance);
      if (found !== undefined) watched = watchHandOver(watched, found, sinceMs);
      const { state, cause, master } = found ?? {
        state: 'unknown',
        cause: 'the VRRP process does not answer',
        master: null,
      };
      const text = `${JSON.stringify({ instance, state, cause, master })}\n`;
      if (watched.outcome === 'given') return { status: 200, text };
      const isLate = sinceMs > HAND_OVER_MS && found?.handingOver === undefined;
      return watched.outcome === 'kept' || isLate ? { status: 409, text } : null;
    },
  };
}

function output(stream: 'stdout' | 'stderr', text: string): void {
  process[stream].write(text);
}

function parse(argv: readonly string[]): Asked | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: {
        service: { type: 'string', multiple: true },
        reason: { type: 'string' },
        minutes: { type: 'string' },
        for: { type: 'string' },
        timeout: { type: 'string' },
        wait: { type: 'boolean' },
        force: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    return askedFor(positionals, values);
  } catch {
    return undefined;
  }
}

interface Options extends DrainArguments {
  readonly minutes?: string;
}

const READINGS: Readonly<Record<string, string>> = { status: '/v1/state', metrics: '/v1/metrics' };

function askedFor([verb = '', ...names]: readonly string[], options: Options): Asked | undefined {
  const reading = names.length === 0 && Object.hasOwn(READINGS, verb) ? READINGS[verb] : undefined;
  if (reading !== undefined) return { method: 'GET', path: reading };
  const [one, ...more] = names;
  if (verb === 'failover' && one !== undefined && more.length === 0)
    return { method: 'POST', path: '/v1/yield', body: { instance: one }, watch: untilHandedOver(one) };
  if (verb === 'drain') {
    const drain = drainAsked(names, options, owner());
    return drain === undefined ? undefined : { method: 'POST', path: '/v1/drain', ...drain };
  }
  const body = bodyFor(verb, names, options);
  return body === undefined ? undefined : { method: 'POST', path: `/v1/${verb}`, body };
}

function owner(): string {
  return `${userInfo().username} (on the director)`;
}

/** Of what is asked for by that name; undefined: nothing is, or not so. */
function bodyFor(verb: string, names: readonly string[], options: Options): object | undefined {
  const { service: services = null, reason = null, minutes } = options;
  const [one = null, ...more] = names;
  const forMs = minutes === undefined ? undefined : Number(minutes) * 60_000;
  const bodies: Readonly<Record<string, object | undefined>> = {
    undrain: one === null ? undefined : { realservers: names, services },
    hold: more.length > 0 ? undefined : { instance: one, owner: owner(), reason, forMs },
    release: more.length > 0 ? undefined : { instance: one },
    record: names.join() === 'start' || names.join() === 'stop' ? { on: one === 'start' } : undefined,
  };
  return Object.hasOwn(bodies, verb) ? bodies[verb] : undefined;
}

function exchange(socketPath: string, { method, path, body }: Asked): Promise<Said> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path, agent: false, timeout: 15_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 500, text }));
      response.on('error', reject);
    });
    asking.on('timeout', () => asking.destroy(new Error('nothing came for 15 s')));
    asking.on('error', reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
