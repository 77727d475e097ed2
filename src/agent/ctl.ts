/**
 * Break-glass on the director itself, when the control machine is gone: `lvs-agent ctl …` asks the control socket and prints its
 * answer as JSON.
 */
import { request } from 'node:http';
import { userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NEW_HAND_OVER, watchHandOver } from '../status/hand-over.ts';
import { agentState } from '../status/state.ts';

const USAGE = `usage: lvs-agent ctl status
       lvs-agent ctl drain REALSERVER… [--service SERVICE] [--reason TEXT]
       lvs-agent ctl undrain REALSERVER… [--service SERVICE]
       lvs-agent ctl failover INSTANCE
`;

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** The instance whose hand-over is waited for. */
  readonly watches?: string;
}

interface Said {
  readonly status: number;
  readonly text: string;
}

/** The VRRP process waits 5 s at most for a successor. */
const HAND_OVER_MS = 10_000;
const POLL_MS = 200;

/** @returns the exit code: 0 done, 1 refused or no answer, 64 wrong usage (EX_USAGE of sysexits.h) */
export async function control(socketPath: string, argv: readonly string[], write = output): Promise<number> {
  const asked = parse(argv);
  if (asked === undefined) {
    write('stderr', USAGE);
    return 64;
  }
  try {
    const said = await exchange(socketPath, asked);
    const isWatched = asked.watches !== undefined && said.status < 400;
    const { status, text } = isWatched ? await outcomeOf(socketPath, asked.watches) : said;
    write(status < 400 ? 'stdout' : 'stderr', text);
    return status < 400 ? 0 : 1;
  } catch (error) {
    write('stderr', `the agent does not answer on ${socketPath}: ${(error as Error).message}\n`);
    return 1;
  }
}

/** What became of the hand-over, with the status of an answer: 409 when nobody has taken it. */
async function outcomeOf(socketPath: string, instance: string): Promise<Said> {
  const begunMs = performance.now();
  for (let watched = NEW_HAND_OVER; ; await pause(POLL_MS)) {
    const { text } = await exchange(socketPath, { method: 'GET', path: '/v1/state' });
    const found = agentState.parse(JSON.parse(text)).vrrp.instances.find(({ name }) => name === instance);
    const sinceMs = performance.now() - begunMs;
    if (found !== undefined) watched = watchHandOver(watched, found, sinceMs);
    const { state, cause, master } = found ?? {
      state: 'unknown',
      cause: 'the VRRP process does not answer',
      master: null,
    };
    const said = `${JSON.stringify({ instance, state, cause, master })}\n`;
    if (watched.outcome === 'given') return { status: 200, text: said };
    if (watched.outcome === 'kept' || sinceMs > HAND_OVER_MS) return { status: 409, text: said };
  }
}

function output(stream: 'stdout' | 'stderr', text: string): void {
  process[stream].write(text);
}

function parse(argv: readonly string[]): Asked | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { service: { type: 'string', multiple: true }, reason: { type: 'string' } },
      allowPositionals: true,
    });
    return askedFor(positionals, values.service ?? null, values.reason ?? null);
  } catch {
    return undefined;
  }
}

function askedFor(words: readonly string[], services: readonly string[] | null, reason: string | null) {
  const [verb, ...names] = words;
  if (verb === 'status' && names.length === 0) return { method: 'GET', path: '/v1/state' } as const;
  if (names.length === 0) return undefined;
  const body = { realservers: names, services };
  if (verb === 'drain') {
    const owner = `${userInfo().username} (on the director)`;
    return { method: 'POST', path: '/v1/drain', body: { ...body, owner, reason } } as const;
  }
  if (verb === 'undrain') return { method: 'POST', path: '/v1/undrain', body } as const;
  if (verb === 'failover' && names[0] !== undefined && names.length === 1) {
    return { method: 'POST', path: '/v1/yield', body: { instance: names[0] }, watches: names[0] } as const;
  }
  return undefined;
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
