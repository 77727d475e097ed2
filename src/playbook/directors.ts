/** Directors, one at a time: release, modules, sysctls, units and configuration; each has settled before the next begins. */
import { createReadStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { AGENT } from '../desired/agent-units.ts';
import { agentFact } from '../facts/agent.ts';
import { decide } from '../operations/all.ts';
import { run as command } from '../operations/operation.ts';
import { CLEAR_UPLOAD, INCOMING, missingParts, unpackCommands } from '../operations/release.ts';
import { causeIn, remedyFor } from '../shell/cause.ts';
import { failureOf, HostError, hostFailure } from './failure.ts';
import { contextFor } from './plan.ts';
import { buildRelease, packRelease } from './release.ts';
import { bring, doing, fail, type HostRun, type Run } from './run.ts';
import { settledState } from './settled.ts';

/** From the start of the agent: its own start gate is 10 s at most, then master_down. */
const SETTLE_MS = 60_000;
const POLL_MS = 300;

/** KiB of disk that a release takes unpacked, with its archive beside it. */
const ROOM_KIB = { all: 220_000, 'all but node': 20_000 };

/** BACKUPs first, so that the one that serves goes last; where nothing runs yet, the preferred one first. */
export function directorOrder(hosts: readonly HostRun[]): HostRun[] {
  const masters = (host: HostRun) =>
    host.facts.agent?.state?.vrrp.instances.filter(({ state }) => state === 'MASTER').length ?? 0;
  const priority = (host: HostRun) =>
    (host.target.wanted.director?.instances ?? []).reduce((sum, instance) => sum + instance.priority, 0);
  return [...hosts].sort((a, b) => masters(a) - masters(b) || priority(b) - priority(a));
}

export async function applyDirector(run: Run, host: HostRun): Promise<boolean> {
  const { wanted } = host.target;
  const before = decide(wanted, host.facts, contextFor(host.facts, run.shared));
  if (before.steps.length === 0 && before.changes.length === 0) return true;
  if (!(await provideRelease(run, host))) return false;
  if (!(await bring(run, host, wanted, 'director'))) return false;
  return await settle(run, host);
}

async function provideRelease(run: Run, host: HostRun): Promise<boolean> {
  const { agent, system } = host.facts;
  const { wanted } = host.target;
  if (agent === null || system.architecture === null) return true;
  try {
    const release = await buildRelease(system.architecture);
    const parts = missingParts(agent, release.hash, release.node);
    if (parts === 'nothing') return true;
    doing(run, host, 'sending the agent');
    const archive = await packRelease(release, parts === 'all');
    await makeRoom(host, ROOM_KIB[parts], run.signal);
    await host.connection.upload(INCOMING, createReadStream(archive.path), {
      size: archive.size,
      ...(run.signal ? { signal: run.signal } : {}),
    });
    const result = await host.connection.runScript(
      [
        { name: 'agent release', commands: unpackCommands(agent, release) },
        { name: agentFact.name, text: agentFact.script(agentQuestion) },
      ],
      run.signal ? { signal: run.signal } : {},
    );
    if (result.failed) throw unpackingFailed(wanted.host, result.failed.stderr);
    host.facts = { ...host.facts, agent: agentFact.parse(result.steps.at(-1)?.stdout ?? '') };
    host.ok += 1;
    host.changed += 1;
    return true;
  } catch (error) {
    await host.connection.runScript([{ name: 'clean up', commands: CLEAR_UPLOAD }]).catch(() => undefined);
    return fail(run, host, failureOf(wanted.host, error));
  }
}

const agentQuestion = { root: AGENT.root, socket: AGENT.controlSocket, command: AGENT.command };

function unpackingFailed(host: string, stderr: string): HostError {
  const cause = causeIn(stderr);
  return new HostError(host, `unpacking the agent failed: ${cause}`, [remedyFor(cause) ?? 'Apply again.']);
}

/**
 * Removes what a run that was cut off has left (an upload goes over nothing that is there), and looks for room.
 * @throws HostError when the disk has none: said before 40 MB are sent for nothing.
 */
async function makeRoom(
  { connection, target }: HostRun,
  neededKib: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { steps, failed } = await connection.runScript(
    [
      {
        name: 'folders',
        commands: [
          ...CLEAR_UPLOAD,
          command('mkdir', '-p', AGENT.releases),
          command('chmod', '0755', AGENT.root, AGENT.releases),
        ],
      },
      { name: 'room', text: `df -Pk ${AGENT.root}` },
    ],
    signal ? { signal } : {},
  );
  const host = target.wanted.host;
  if (failed) {
    const cause = causeIn(failed.stderr);
    throw new HostError(host, `${AGENT.root} cannot be made: ${cause}`, [remedyFor(cause) ?? 'Mend that there.']);
  }
  const free = Number(steps.at(-1)?.stdout.trim().split('\n').at(-1)?.split(/\s+/)[3]);
  if (Number.isFinite(free) && free < neededKib) {
    const [has, needs] = [Math.floor(free / 1024), Math.ceil(neededKib / 1024)];
    throw new HostError(host, `no room for the agent: ${AGENT.root} has ${has} MiB free and ${needs} MiB are needed`, [
      'Free some space there and apply again.',
    ]);
  }
}

/** Waits until the agent is up with what it was given. */
async function settle(run: Run, host: HostRun): Promise<boolean> {
  const { wanted } = host.target;
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const state = settledState(wanted, host.facts.agent, contextFor(host.facts, run.shared));
    if (state.settled) return true;
    if (state.final || Date.now() > until || run.signal?.aborted) {
      return fail(
        run,
        host,
        hostFailure(wanted.host, `${state.why}.`, ['journalctl -u lvs-agent -u lvs-vrrp on the director says more']),
      );
    }
    doing(run, host, state.why);
    await pause(POLL_MS);
    if (!(await refreshAgent(run, host))) return false;
  }
}

/** Reads the agent's state alone; false: the connection is gone. */
export async function refreshAgent(run: Run, host: HostRun): Promise<boolean> {
  try {
    const step = { name: agentFact.name, text: agentFact.script(agentQuestion) };
    const { steps } = await host.connection.runScript([step], run.signal ? { signal: run.signal } : {});
    host.facts = { ...host.facts, agent: agentFact.parse(steps[0]?.stdout ?? '') };
    return true;
  } catch (error) {
    return fail(run, host, failureOf(host.target.wanted.host, error));
  }
}
