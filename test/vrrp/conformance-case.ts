/**
 * Conformance cases as data: test/vrrp/conformance/<name>/ holds
 *
 * - `setup.json`: `rfc`, the section that it is from; `asks`, what that asks for in one sentence; `ours`, where the RFC is silent
 *   or we knowingly read it otherwise; and either `instances`, what differs from {@link instanceSetup}, or the `router` with which
 *   a recording began;
 * - `input.jsonl`: `{atMs, …}` with one of `start` (interfaces up, configuration read, and what was found of the addresses; with
 *   `probes`, neighbours are asked for what was not),
 *   `configure` (another configuration, written like `instances`), `packet` (as it came out of the socket; it passes parser and
 *   acceptance) or `event` (as a recording of the live process has it);
 * - `output.jsonl`: what comes of each, in the same order: the effects, in words or whole as a recording has them, and `state`.
 *
 * Times are ms. `state` shows what the RFC names and what is not at rest; a word for a `send` has the bytes on the wire.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { acceptPacket } from '../../src/vrrp/accept.ts';
import { type Effect, type Found, type Instance, newInstance } from '../../src/vrrp/instance.ts';
import type { InstanceSetup, VirtualAddress } from '../../src/vrrp/instance-setup.ts';
import { newRouter, type Router, type RouterEvent, stepRouter } from '../../src/vrrp/router.ts';
import { type Address, familyOf } from '../../src/wire/address.ts';
import { encodeAdvertisement } from '../../src/wire/vrrp.ts';
import { instanceSetup } from './configuration.ts';
import type { Recording } from './replay.ts';

export interface CaseSetup {
  readonly rfc: string;
  readonly asks: string;
  readonly ours?: string;
  readonly startedAtMs?: number;
  readonly instances?: readonly Partial<InstanceSetup>[];
  readonly router?: Router;
}

export interface Packet {
  /** Where it came in; eth1 unless said. */
  readonly interface?: string;
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  readonly hex: string;
}

export type Input = { readonly atMs: number } & (
  | { readonly start: Found; readonly probes?: boolean }
  | { readonly configure: readonly Partial<InstanceSetup>[]; readonly found?: Readonly<Record<string, Found>> }
  | { readonly packet: Packet }
  | { readonly event: RouterEvent }
);

export interface Output {
  /** Of a packet: accepted, with what an operator is told; or why it was not. */
  readonly packet?: string;
  readonly effects: readonly (string | Effect)[];
  readonly state?: Readonly<Record<string, object>>;
}

export interface ConformanceCase {
  readonly name: string;
  readonly setup: CaseSetup;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
}

const FOLDER = `${import.meta.dirname}/conformance`;

export function readCases(): ConformanceCase[] {
  return readdirSync(FOLDER).sort().map(readCase);
}

function readCase(name: string): ConformanceCase {
  const lines = (file: string): never[] =>
    readFileSync(`${FOLDER}/${name}/${file}`, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as never); // biome-ignore format: short
  const setup = JSON.parse(readFileSync(`${FOLDER}/${name}/setup.json`, 'utf8')) as CaseSetup;
  return { name, setup, inputs: lines('input.jsonl'), outputs: lines('output.jsonl') };
}

/** Writes what came out as what is expected; each difference is then to be held against the RFC. */
export function rewrite({ name }: ConformanceCase, outputs: readonly Output[]): void {
  writeFileSync(`${FOLDER}/${name}/output.jsonl`, jsonLines(outputs));
}

/** @throws when there is a case of that name */
export function writeCase({ name, setup, inputs, outputs }: ConformanceCase): void {
  mkdirSync(`${FOLDER}/${name}`);
  writeFileSync(`${FOLDER}/${name}/setup.json`, `${JSON.stringify(setup, null, 2)}\n`);
  writeFileSync(`${FOLDER}/${name}/input.jsonl`, jsonLines(inputs));
  writeFileSync(`${FOLDER}/${name}/output.jsonl`, jsonLines(outputs));
}

function jsonLines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

/** A recording as a case: its steps, split in two. */
export function caseOf(
  { start, steps, end }: Recording,
  name: string,
  says: Pick<CaseSetup, 'rfc' | 'asks' | 'ours'>,
): ConformanceCase {
  const last = end === undefined ? {} : { state: stateOf(end.router) };
  return {
    name,
    setup: { ...says, router: start.router },
    inputs: steps.map(({ atMs, event }) => ({ atMs, event })),
    outputs: steps.map(({ effects }, index) => ({ effects, ...(index === steps.length - 1 ? last : {}) })),
  };
}

/** What comes of every input, effects in words where the expectation has words. */
export function play({ setup, inputs, outputs }: ConformanceCase): Output[] {
  const setups = (setup.instances ?? [{}]).map((one) => instanceSetup(one));
  let router = setup.router === undefined ? newRouter(setup.startedAtMs ?? 0) : completed(setup.router);
  return inputs.map((input, index) => {
    const { events, packet } = eventsOf(input, router, setups);
    const effects: (string | Effect)[] = [];
    const expected = outputs[index]?.effects ?? [];
    for (const event of events) {
      const { router: after, effects: more } = stepRouter(router, event, input.atMs);
      for (const effect of more) {
        const isWhole = typeof expected[effects.length] === 'object';
        effects.push(isWhole ? effect : wordOf(effect, router, after));
      }
      router = after;
    }
    const isRecorded = outputs[index] !== undefined && outputs[index].state === undefined;
    return { ...(packet === undefined ? {} : { packet }), effects, ...(isRecorded ? {} : { state: stateOf(router) }) };
  });
}

/** A recording of an older release lacks what instances and setups have learned since. */
function completed(router: Router): Router {
  const instances = Object.entries(router.instances).map(([name, one]) => {
    const setup = instanceSetup(one.setup);
    return [name, { ...newInstance(setup, 0), ...one, setup }];
  });
  return { ...router, instances: Object.fromEntries(instances) };
}

function eventsOf(
  input: Input,
  router: Router,
  setups: readonly InstanceSetup[],
): Pick<Output, 'packet'> & { events: RouterEvent[] } {
  if ('event' in input) return { events: [input.event] };
  if ('packet' in input) return received(input.packet, router);
  if ('configure' in input)
    return {
      events: [{ type: 'config', setups: input.configure.map((one) => instanceSetup(one)), found: input.found ?? {} }],
    };
  const names = new Set(setups.map((one) => one.interface));
  const up = (on: string) => ({
    up: true,
    addresses: setups.filter((one) => one.interface === on).flatMap((one) => one.source ?? []),
  });
  const interfaces = Object.fromEntries([...names].map((name) => [name, up(name)]));
  const found = Object.fromEntries(setups.map(({ name }) => [name, input.start]));
  return {
    events: [
      { type: 'interfaces', interfaces },
      { type: 'config', setups, found, ...(input.probes === undefined ? {} : { probes: input.probes }) },
    ],
  };
}

/** As src/agent/vrrp/loop.ts does; the socket hears one interface and one family. */
function received(
  { interface: on = 'eth1', hex, ...envelope }: Packet,
  router: Router,
): Pick<Output, 'packet'> & { events: RouterEvent[] } {
  const setups = Object.values(router.instances)
    .map(({ setup }) => setup)
    .filter((one) => one.interface === on && one.family === familyOf(envelope.source));
  const accepted = acceptPacket({ ...envelope, payload: Uint8Array.from(Buffer.from(hex, 'hex')) }, setups);
  if (accepted.verdict === 'foreign') return { packet: `foreign: ${accepted.reason}`, events: [] };
  const { instance } = accepted;
  if (accepted.verdict === 'dropped') {
    const { reason } = accepted;
    return { packet: `dropped: ${reason}`, events: [{ type: 'dropped', instance, reason }] };
  }
  const { advertisement, notes } = accepted;
  const event = { type: 'advertisement', instance, advertisement, source: envelope.source } as const;
  return { packet: ['accepted', ...notes].join('; '), events: [event] };
}

/** One effect as a line that an RFC can be held against; of several instances, with its name. */
function wordOf(effect: Effect, before: Router, after: Router): string {
  const several = Object.keys({ ...before.instances, ...after.instances }).length > 1;
  const who = several ? `${effect.instance}: ` : '';
  const list = (addresses: readonly VirtualAddress[]): string =>
    addresses.map((one) => `${one.address}/${one.prefixLength} on ${one.interface}`).join(' ');
  switch (effect.type) {
    case 'send':
      return `${who}send ${sent(effect, before, after)}`;
    case 'add-addresses':
      return `${who}add ${list(effect.addresses)} for ${effect.lifetimeSeconds} s`;
    case 'refresh-addresses':
      return `${who}refresh ${list(effect.addresses)} for ${effect.lifetimeSeconds} s`;
    case 'delete-addresses':
      return `${who}delete ${list(effect.addresses)}`;
    case 'silence-addresses':
      return `${who}silence ${list(effect.addresses)} for ${effect.lifetimeSeconds} s`;
    case 'unsilence-addresses':
      return `${who}unsilence ${list(effect.addresses)}`;
    case 'prepare-relay':
      return `${who}prepare a relay to ${effect.to}`;
    case 'hand-over':
      return `${who}hand-over ${effect.outcome}`;
    case 'announce':
      return `${who}announce ${effect.addresses.map(({ address }) => address).join(' ')} x ${effect.rounds}`;
    case 'probe':
      return `${who}probe ${effect.addresses.join(' ')} on ${effect.interface}`;
    case 'transition':
      return `${who}${effect.from} -> ${effect.to}`;
    case 'unexpected':
      return `${who}${effect.event} refused in ${effect.state}`;
    default:
      return JSON.stringify(effect);
  }
}

/** `BYTES to DESTINATION`, for each destination. */
function sent({ instance, advertisement }: Extract<Effect, { type: 'send' }>, before: Router, after: Router): string {
  const setup = [after, before]
    .flatMap(({ instances }) => instances[instance]?.setup ?? [])
    .find(({ vrid }) => vrid === advertisement.vrid);
  if (setup === undefined || setup.source === null) return 'for nobody';
  const { source, transport, group, peers, checksum } = setup;
  return (transport === 'multicast' ? [group] : peers)
    .map((destination) => {
      const bytes = encodeAdvertisement(advertisement, checksum, { source, destination });
      return `${Buffer.from(bytes).toString('hex')} to ${destination}`;
    })
    .join(' ');
}

function stateOf({ instances }: Router): Record<string, object> {
  return Object.fromEntries(Object.entries(instances).map(([name, instance]) => [name, shown(instance)]));
}

/** What is at rest is left out. */
function shown(instance: Instance): object {
  const { setup, state, holdsAddresses } = instance;
  const rest: Partial<Instance> = {
    priority: setup.basePriority,
    faults: [],
    waitingFor: null,
    masterAdvertMs: setup.advertIntervalMs,
    master: null,
    masterDownAtMs: null,
    advertAtMs: null,
    wantsMaster: false,
    ...(setup.preemptDelayMs > 0 ? { preemptFromMs: null } : {}),
    yielded: false,
    handingOver: null,
    lameDuck: null,
    relay: null,
    dropped: {},
  };
  const told = Object.entries(rest).filter(
    ([key, value]) => JSON.stringify(instance[key as keyof Instance]) !== JSON.stringify(value),
  );
  const leftOver = holdsAddresses && state !== 'MASTER' ? { holdsAddresses } : {};
  return { state, ...Object.fromEntries(told.map(([key]) => [key, instance[key as keyof Instance]])), ...leftOver };
}
