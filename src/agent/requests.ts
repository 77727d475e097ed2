/** What may be asked of the agent: one entry a path and method. */
import type { Override } from '../balancer/override.ts';
import { EXPOSITION_TYPE } from '../status/exposition.ts';
import { metricsText } from '../status/metrics.ts';
import { storedConfigShape } from './config-shape.ts';
import { HOLD_MS, holdRequestShape, releaseRequestShape } from './hold-shape.ts';
import type { Journal } from './journal.ts';
import { Refusal } from './refusal.ts';
import { accept, decimal, flag, list, matching, nullable, object, optional, text } from './shape.ts';
import type { Supervisor } from './supervisor.ts';

/** Bytes. A configuration of 1,000 services with 10 checked realservers each has about 15 MB. */
export const MAX_BODY = { put: 67_108_864, post: 262_144 } as const;

export interface Agent {
  readonly supervisor: Supervisor;
  readonly journal: Journal;
  readonly wall: () => number;
}

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly body: unknown;
}

export type Answer =
  | { readonly json: unknown }
  /** As it is, of this media type. */
  | { readonly text: string; readonly type: string }
  /** Lines until `end` is called or the reader goes; what it returns stops it. */
  | { readonly stream: (write: (line: unknown) => void, end: () => void) => () => void };

type Handler = (agent: Agent, request: Request) => Promise<Answer> | Answer;

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/v1/state': { GET: ({ supervisor }) => ({ json: supervisor.state() }) },
  '/v1/events': { GET: events },
  '/v1/metrics': { GET: ({ supervisor }) => ({ text: metricsText(supervisor.state()), type: EXPOSITION_TYPE }) },
  '/v1/config': { PUT: putConfig },
  '/v1/drain': { POST: drain },
  '/v1/undrain': { POST: undrain },
  '/v1/yield': { POST: yieldInstance },
  '/v1/hold': { POST: hold },
  '/v1/release': { POST: release },
  '/v1/record': { POST: record },
  '/v1/lame-duck/end': { POST: endLameDuck },
  '/v1/relay/end': { POST: endRelay },
};

/** @throws Refusal, ShapeError */
export async function answerTo(agent: Agent, request: Request): Promise<Answer> {
  const methods = Object.hasOwn(ROUTES, request.url.pathname) ? ROUTES[request.url.pathname] : undefined;
  if (methods === undefined) throw new Refusal(404, `there is no ${request.url.pathname}`);
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (handler === undefined) {
    throw new Refusal(405, `${request.url.pathname} takes ${Object.keys(methods).join(' or ')}, not ${request.method}`);
  }
  return handler(agent, request);
}

function events({ journal }: Agent, { url }: Request): Answer {
  const since = Number(url.searchParams.get('since') ?? 0);
  if (!Number.isSafeInteger(since)) throw new Refusal(400, 'since: expected the number of an event');
  return {
    stream: (write, end) => {
      for (const event of journal.since(since)) write(event);
      if (url.searchParams.has('follow')) return journal.follow(write);
      end();
      return () => {};
    },
  };
}

async function putConfig({ supervisor }: Agent, { body }: Request): Promise<Answer> {
  const stored = accept(storedConfigShape, body, 'config');
  await supervisor.install(stored);
  return { json: { generation: stored.generation, hash: stored.hash } };
}

const names = list(
  matching((value) => value !== '' && value.length <= 255, 'a name'),
  1,
);
const drainShape = object({
  realservers: names,
  services: optional(nullable(names)),
  owner: text,
  reason: optional(nullable(text)),
  until: optional(nullable(decimal(0, Number.MAX_SAFE_INTEGER))),
  /** Whether to refuse what would leave clients without a realserver; lvsctl has asked all directors that already. */
  guard: optional(flag),
});
const undrainShape = object({ realservers: names, services: optional(nullable(names)) });

async function drain({ supervisor, wall }: Agent, { body }: Request): Promise<Answer> {
  const { realservers, services = null, owner, reason = null, until = null, guard } = accept(drainShape, body, 'drain');
  const objections = guard ? supervisor.drains.objections(realservers, services, supervisor.state()) : [];
  if (objections.length > 0) throw new Refusal(409, `${objections.join('; ')} (--force drains all the same)`);
  const since = wall();
  const overrides = realservers.flatMap((realserver): Override[] =>
    (services ?? [null]).map((service) => ({ realserver, service, weight: 0, owner, reason, since, until })),
  );
  await supervisor.drains.add(overrides);
  return { json: { overrides: supervisor.drains.all } };
}

async function undrain({ supervisor }: Agent, { body }: Request): Promise<Answer> {
  const { realservers, services = null } = accept(undrainShape, body, 'undrain');
  const removed = await supervisor.drains.remove(realservers, services);
  return { json: { removed, overrides: supervisor.drains.all } };
}

async function record({ supervisor }: Agent, { body }: Request): Promise<Answer> {
  const { on } = accept(object({ on: flag }), body, 'record');
  return { json: await supervisor.vrrp.record(on) };
}

function yieldInstance({ supervisor }: Agent, { body }: Request): Answer {
  const { instance } = accept(object({ instance: text }), body, 'yield');
  supervisor.vrrp.yieldInstance(instance);
  return { json: { instance } };
}

function endLameDuck({ supervisor }: Agent, { body }: Request): Answer {
  const { instance } = accept(object({ instance: text }), body, 'lame-duck');
  supervisor.vrrp.endLameDuck(instance);
  return { json: { instance } };
}

async function endRelay({ supervisor }: Agent, { body }: Request): Promise<Answer> {
  const { instance } = accept(object({ instance: text }), body, 'relay');
  return { json: { instance, ended: await supervisor.handOvers.end(instance, 'an operator says so') } };
}

function hold({ supervisor, wall }: Agent, { body }: Request): Answer {
  const asked = accept(holdRequestShape, body, 'hold');
  const { instance = null, owner, reason = null, forMs = HOLD_MS, whileServed, comes } = asked;
  const since = wall();
  supervisor.standby.hold({ instance, owner, reason, since, until: since + forMs, whileServed }, comes);
  return { json: { holds: supervisor.standby.holds } };
}

function release({ supervisor }: Agent, { body }: Request): Answer {
  const { instance = null, owner = null } = accept(releaseRequestShape, body ?? {}, 'release');
  const released = supervisor.standby.release(instance, owner);
  return { json: { released, holds: supervisor.standby.holds } };
}
