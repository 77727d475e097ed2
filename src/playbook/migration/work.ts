/** What a migration works on, and how it sees where the addresses are. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import { agentConfigFile, agentConfigText, hashedText } from '../../desired/agent-config.ts';
import { RETURN_TABLE } from '../../desired/wanted.ts';
import { networkFact } from '../../facts/network.ts';
import { AGENT_STEP, agentRequest } from '../../operations/agent.ts';
import type { Step } from '../../shell/step.ts';
import { failureOf } from '../failure.ts';
import { fail, type HostRun, type Run } from '../run.ts';
import type { Migration } from './plan.ts';
import { heldOn } from './side.ts';

export interface Work {
  /** The topology's; the run has what agents have of it in the end. */
  readonly config: Config;
  /** Directors that run keepalived when it begins. */
  readonly keepalived: readonly string[];
  readonly migration: Migration;
  readonly run: Run;
  /** The director that changes hands. */
  readonly host: HostRun;
  /** All others that could be read. */
  readonly others: readonly HostRun[];
  /** How long roles may take to change. @default by the timers of VRRP */
  readonly waitMs?: number;
}

const POLL_MS = 300;
/** Beyond what the timers of VRRP take. */
const PATIENCE_MS = 15_000;

export function nameOf({ target }: HostRun): string {
  return target.wanted.host;
}

export function takerIn({ migration, others }: Work): HostRun | undefined {
  return others.find((one) => nameOf(one) === migration.taker);
}

export function movingIn({ migration }: Work): string {
  return migration.moving.join(' and ');
}

/** With a generation that comes after the topology's. */
export function later(run: Run, by: number): Run {
  return { ...run, shared: { ...run.shared, generation: run.shared.generation + by } };
}

/** Another configuration than the topology's, for a while. */
export function configStep(config: Config, director: string, { shared }: Run): Step {
  const hash = shared.digest(hashedText(config));
  const file = agentConfigFile(agentConfigText(config, director), hash, shared.generation);
  return { name: AGENT_STEP, commands: [agentRequest('PUT', '/v1/config', file)] };
}

/** Whether it holds any of the instances that are to move. */
export function holdsAny({ config, migration }: Work, host: HostRun): boolean {
  const held = heldOn(config, nameOf(host), host.facts);
  return migration.moving.some((instance) => held.includes(instance));
}

/** Whether it holds all of them. */
export function holdsAll({ config, migration }: Work, host: HostRun): boolean {
  const held = heldOn(config, nameOf(host), host.facts);
  return migration.moving.every((instance) => held.includes(instance));
}

/** Looks at the addresses of these hosts again and again. @returns whether it came to be */
export async function untilSeen(work: Work, hosts: readonly HostRun[], holds: () => boolean): Promise<boolean> {
  const { run } = work;
  const until = Date.now() + (work.waitMs ?? longestWaitMs(work.config));
  for (;;) {
    for (const host of hosts) if (!(await look(run, host))) return false;
    if (holds()) return true;
    if (Date.now() > until || run.signal?.aborted) return false;
    await pause(POLL_MS);
  }
}

/** A master_down of the slowest, with patience. */
function longestWaitMs({ instances }: Config): number {
  return Math.max(0, ...instances.map(({ advertIntervalMs }) => 5 * advertIntervalMs)) + PATIENCE_MS;
}

async function look(run: Run, host: HostRun): Promise<boolean> {
  try {
    const text = networkFact.script({ table: RETURN_TABLE, destinations: [], interfaces: [], ipv6: false });
    const steps = [{ name: networkFact.name, text }];
    const result = await host.connection.runScript(steps, run.signal ? { signal: run.signal } : {});
    const { addresses } = networkFact.parse(result.steps[0]?.stdout ?? '');
    host.facts = { ...host.facts, network: { ...host.facts.network, addresses } };
    return true;
  } catch (error) {
    return fail(run, host, failureOf(nameOf(host), error));
  }
}
