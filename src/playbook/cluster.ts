/** The hosts of one run: who they are, how they are reached, and what was read of them. */
import type { Wanted } from '../desired/wanted.ts';
import { factSteps, type HostFacts, parseFacts } from '../facts/host.ts';
import { questionFor } from '../operations/question.ts';
import { causeIn } from '../shell/cause.ts';
import type { ScriptResult, Step } from '../shell/step.ts';
import type { Connect, Connection, HostConnection } from '../ssh/connection.ts';
import { failureOf, HostError, type HostFailure } from './failure.ts';

export interface Target {
  readonly wanted: Wanted;
  readonly connection: HostConnection;
}

/** What is known of one host after a look at it: facts, or why there are none. */
export type Reading =
  | {
      readonly target: Target;
      readonly connection: Connection;
      readonly facts: HostFacts;
      /** When the host was asked, and when it had answered, by our own clock, epoch ms. */
      readonly askedMs?: { readonly from: number; readonly until: number };
    }
  | { readonly target: Target; readonly failure: HostFailure };

export interface ReadOptions {
  readonly connect: Connect;
  readonly signal?: AbortSignal;
  /** Release that a director would get if it is like this machine: lets the facts leave out what only a first upload needs. */
  readonly release: Promise<string | null>;
}

/** Connects to all hosts at once (the transport caps handshakes) and reads their facts. Never throws for a host. */
export async function readHosts(targets: readonly Target[], options: ReadOptions): Promise<Reading[]> {
  return Promise.all(targets.map((target) => readHost(target, options)));
}

async function readHost(target: Target, { connect, signal, release }: ReadOptions): Promise<Reading> {
  let connection: Connection | undefined;
  try {
    connection = await connect(target.connection, signal ? { signal } : {});
    const steps = readSteps(target.wanted, await release);
    const from = Date.now();
    const facts = factsOf(target, await connection.runScript(steps, signal ? { signal } : {}));
    return { target, connection, facts, askedMs: { from, until: Date.now() } };
  } catch (error) {
    await connection?.close().catch(() => undefined);
    return { target, failure: failureOf(target.wanted.host, error) };
  }
}

export function readSteps(wanted: Wanted, release: string | null): Step[] {
  return factSteps(questionFor(wanted, release));
}

/** @throws HostError when a fact could not be read, which the shell of a sane host does not do. */
export function factsOf({ wanted }: Target, { steps, failed }: ScriptResult): HostFacts {
  if (failed)
    throw new HostError(wanted.host, `reading ${failed.name} failed: ${causeIn(failed.stderr) || failed.exitCode}`);
  return parseFacts(steps, questionFor(wanted, null));
}

export async function closeAll(readings: readonly Reading[]): Promise<void> {
  await Promise.all(
    readings.map((reading) =>
      'connection' in reading ? reading.connection.close().catch(() => undefined) : undefined,
    ),
  );
}
