/** The agent's release onto all directors at once: nothing uses it until a director's turn comes. */
import { createReadStream } from 'node:fs';
import { AGENT } from '../desired/agent-units.ts';
import { agentFact } from '../facts/agent.ts';
import { run as command } from '../operations/operation.ts';
import { AGENT_QUESTION } from '../operations/question.ts';
import { CLEAR_UPLOAD, INCOMING, missingParts, unpackCommands } from '../operations/release.ts';
import { causeIn, remedyFor } from '../shell/cause.ts';
import { failureOf, HostError } from './failure.ts';
import { type Archive, buildRelease, packRelease, type Release } from './release.ts';
import { doing, fail, type HostRun, type Run } from './run.ts';

/** KiB of disk that a release takes unpacked, with its archive beside it. */
const ROOM_KIB = { all: 220_000, 'all but node': 20_000 };

/** Each is let finish even if another fails; false: one has, and says why. */
export async function stageReleases(run: Run, directors: readonly HostRun[]): Promise<boolean> {
  const packing = new Map<string, Promise<Archive>>();
  const pack = (release: Release, withNode: boolean) => {
    const key = `${release.hash} ${withNode}`;
    const archive = packing.get(key) ?? packRelease(release, withNode);
    packing.set(key, archive);
    return archive;
  };
  const results = await Promise.all(directors.map((host) => stage(run, host, pack)));
  return results.every((done) => done);
}

async function stage(run: Run, host: HostRun, pack: typeof packRelease): Promise<boolean> {
  const { agent, system } = host.facts;
  const { wanted } = host.target;
  if (agent === null || system.architecture === null) return true;
  try {
    const release = await buildRelease(system.architecture);
    const parts = missingParts(agent, release.hash, release.node);
    if (parts === 'nothing') return true;
    doing(run, host, 'sending the agent');
    const archive = await pack(release, parts === 'all');
    await makeRoom(host, ROOM_KIB[parts], run.signal);
    await host.connection.upload(INCOMING, createReadStream(archive.path), {
      size: archive.size,
      ...(run.signal ? { signal: run.signal } : {}),
    });
    const result = await host.connection.runScript(
      [
        { name: 'agent release', commands: unpackCommands(agent, release) },
        { name: agentFact.name, text: agentFact.script(AGENT_QUESTION) },
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
