/**
 * Drains, verdicts and policies together, against a kernel in memory: whatever happens in whatever order, with the agent started
 * anew at any moment, what must never happen does not.
 */
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { adopted } from '../../src/agent/adoption.ts';
import { Policies } from '../../src/agent/policies.ts';
import { desiredTable } from '../../src/balancer/desired.ts';
import { plan } from '../../src/balancer/diff.ts';
import type { Override } from '../../src/balancer/override.ts';
import type { Ownership } from '../../src/balancer/ownership.ts';
import { probePlan, SORRY } from '../../src/health/probe-plan.ts';
import type { Standing, Verdict } from '../../src/health/verdict.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import { destinationKey, type IpvsChange } from '../../src/wire/ipvs.ts';
import { storedConfig, webTopology } from './config.ts';

const SERVICE = 'tcp 10.77.1.100:80';
const SLOW_START_MS = 20_000;
const SORRY_ADDRESS = '10.77.1.200';
const WEIGHTS: Readonly<Record<string, number>> = { web1: 1, web2: 2, web3: 3, web4: 4 };
const NAMES = Object.keys(WEIGHTS);

const SERVICES = [
  '    slow_start: 20s\n',
  '    slow_start: 20s\n    fail_open: { share: 100% }\n    quorum: { weight: 4, hysteresis: 1 }\n',
  `    slow_start: 20s\n    fail_open: { share: 60% }\n    sorry: { address: ${SORRY_ADDRESS}, mode: nat, checks: [{ tcp: 9 }] }\n`,
  `    slow_start: 20s\n    quorum: { weight: 4, hysteresis: 1 }\n    sorry: { address: ${SORRY_ADDRESS}, mode: nat, quiesce: true }\n`,
];

/** Everything of an agent but its probes, whose results the test decides. */
class Model {
  readonly ipvs = new FakeIpvs();
  readonly clock = new FakeClock(1_000_000);
  overrides: Override[] = [];
  readonly #config;
  readonly #plan;
  readonly #standings = new Map<string, Standing>();
  #policies!: Policies;
  #owned: Ownership = {};

  constructor(service: string) {
    this.#config = storedConfig(webTopology({ ports: [80, 80, 80, 80], service })).config;
    this.#plan = probePlan(this.#config, 'lb1');
  }

  async start(): Promise<void> {
    const kernel = await this.ipvs.read();
    const initial = adopted(this.#config, this.#plan, kernel, null);
    for (const [key, spec] of this.#plan.probes) this.#set(key, initial(spec).verdict, null);
    this.#policies = new Policies({
      clock: this.clock,
      prober: {
        plan: this.#plan,
        judge: (probes) => this.#standings.get(probes[0] ?? '') ?? { verdict: 'up', sinceMs: 0, weight: null },
        standing: (key) => this.#standings.get(key),
      },
      overrides: () => this.overrides,
      toldQuorum: () => 'unknown',
      onNews: () => {},
      onLook: () => {},
    });
    this.#policies.configure(this.#config, kernel);
  }

  verdict(realserver: string, verdict: 'up' | 'down'): void {
    const judged = this.#plan.judged.find((one) => one.realserver === realserver);
    for (const key of judged?.probes ?? []) this.#set(key, verdict, verdict === 'down' ? 'it failed' : null);
  }

  #set(key: string, verdict: Verdict, lastError: string | null): void {
    const before = this.#standings.get(key);
    const sinceMs = before?.verdict === verdict ? before.sinceMs : this.clock.now();
    this.#standings.set(key, {
      verdict,
      sinceMs,
      against: 0,
      nextMs: 0,
      lastError,
      latencyMs: null,
      weight: null,
      falls: 0,
    });
  }

  /** @returns what the kernel was told */
  async compare(): Promise<readonly IpvsChange[]> {
    this.#policies.look();
    const desired = desiredTable(this.#config, {
      judge: (service, realserver) => {
        const standing = this.#standings.get(this.#policies.probesOf(service, realserver)[0] ?? '');
        return { verdict: standing?.verdict ?? 'up', forMs: this.clock.now() - (standing?.sinceMs ?? 0) };
      },
      policy: (service) => this.#policies.policyOf(service),
      overrides: this.overrides,
      wallMs: this.clock.wall(),
    });
    const { changes, owned } = plan(desired, await this.ipvs.read(), this.#owned, this.clock.wall());
    this.#owned = owned;
    expect((await this.ipvs.apply(changes)).filter((error) => error !== undefined)).toEqual([]);
    return changes;
  }

  get state() {
    return this.#policies.states((ms) => ms)[0]!;
  }

  /** By address; what is not in the table does not stand here. */
  async weights(): Promise<ReadonlyMap<string, number>> {
    const [entry] = await this.ipvs.read();
    return new Map(entry?.destinations.map(({ destination }) => [destination.address, destination.weight]));
  }
}

const addressOf = (realserver: string): string => `127.0.0.${20 + Number(realserver.slice(3))}`;

type Happening =
  | { readonly what: 'verdict'; readonly who: string; readonly verdict: 'up' | 'down' }
  | { readonly what: 'override'; readonly who: string; readonly weight: number }
  | { readonly what: 'back' | 'restart' | 'wait'; readonly who: string; readonly byMs: number };

const who = fc.constantFrom(...NAMES);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant('verdict' as const), who: fc.constantFrom(...NAMES, SORRY), verdict: fc.constantFrom('up', 'down') }) }, // biome-ignore format: a table
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('override' as const), who, weight: fc.constantFrom(0, 0, 7) }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constantFrom('back', 'restart', 'wait', 'wait'), who, byMs: fc.integer({ min: 0, max: 15_000 }) }) }, // biome-ignore format: a table
);

async function happens(model: Model, one: Happening): Promise<void> {
  const without = model.overrides.filter(({ realserver }) => realserver !== one.who);
  if (one.what === 'verdict') model.verdict(one.who, one.verdict);
  else if (one.what === 'override') {
    const said = { service: null, weight: one.weight, owner: 'x', reason: null, since: 0, until: null };
    model.overrides = [...without, { ...said, realserver: one.who }];
  } else if (one.what === 'back') model.overrides = without;
  else if (one.what === 'restart') await model.start();
  else model.clock.advance(one.byMs);
}

/** All of them healthy for long, each with a connection. */
async function settled(service: string): Promise<Model> {
  const model = new Model(service);
  await model.start();
  for (const name of [...NAMES, SORRY]) model.verdict(name, 'up');
  await model.compare();
  model.clock.advance(SLOW_START_MS);
  await model.compare();
  for (const name of NAMES) model.ipvs.setCounters(SERVICE, `${addressOf(name)}:80`, { active: 1 });
  return model;
}

type Weights = ReadonlyMap<string, number>;
const weightIn = (weights: Weights, name: string): number => weights.get(addressOf(name)) ?? 0;

function drainsWin({ overrides }: Model, now: Weights): void {
  for (const { realserver, weight } of overrides) if (weight === 0) expect(weightIn(now, realserver)).toBe(0);
}

/** But for what an operator says, and what nearly all failed for at once. */
function weightsRiseSlowly({ overrides, state }: Model, before: Weights, now: Weights): void {
  if (state.failOpen !== null) return;
  const begun = NAMES.filter((name) => weightIn(before, name) === 0);
  for (const name of begun.filter((one) => !overrides.some(({ realserver }) => realserver === one)))
    expect(weightIn(now, name)).toBeLessThanOrEqual(1);
}

/** A realserver with connections is never taken away, and so never made anew. */
function connectionsAreKept(changes: readonly IpvsChange[]): void {
  const isOfRealserver = (change: IpvsChange): boolean =>
    'destination' in change && !destinationKey(change.destination).startsWith(SORRY_ADDRESS);
  for (const change of changes.filter(isOfRealserver)) expect(change.op).toBe('set-destination');
}

function oneKindServes({ state: { sorry } }: Model, now: Weights): void {
  expect(now.get(SORRY_ADDRESS) ?? 0).toBe(sorry === 'serves' ? 1 : 0);
  if (sorry === 'serves') for (const name of NAMES) expect(weightIn(now, name)).toBe(0);
}

describe.each(SERVICES)('with %j', (service) => {
  it('drains win, weights rise slowly, connections are kept, one kind of server serves, and then nothing is left to do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 60, size: 'max' }), async (happenings) => {
        const model = await settled(service);
        for (const one of happenings) {
          const before = await model.weights();
          await happens(model, one);
          const changes = await model.compare();
          connectionsAreKept(changes);
          if (one.what === 'restart') expect(changes).toEqual([]);
          const now = await model.weights();
          drainsWin(model, now);
          weightsRiseSlowly(model, before, now);
          oneKindServes(model, now);
          // what leaves without connections goes with the second look, which only a sorry server does here
          connectionsAreKept(await model.compare());
          expect(await model.compare()).toEqual([]);
        }
      }),
      { seed: inject('seed'), numRuns: inject('soak') ? 2_000 : 60 },
    );
  });
});
