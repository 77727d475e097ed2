import { AGENT } from '../desired/agent-units.ts';
import type { AgentFacts } from '../facts/agent.ts';
import type { Command } from '../shell/command.ts';
import { type Change, type Operation, outcome, run } from './operation.ts';

/** Where an upload goes, and where it is unpacked: beside the releases, so that the last step is a rename. */
export const INCOMING = `${AGENT.root}/incoming.tar.gz`;
export const STAGING = `${AGENT.root}/incoming`;

/** How much of a release has to be sent: all of it, all but Node (another release has the same), or nothing. */
export function missingParts(agent: AgentFacts, release: string, node: string): 'all' | 'all but node' | 'nothing' {
  if (agent.releases.includes(release)) return 'nothing';
  return Object.hasOwn(agent.nodes, node) ? 'all but node' : 'all';
}

/** By what a release and its parts are known; the three lines of its stamp. */
export interface ReleaseNames {
  readonly hash: string;
  readonly node: string;
  readonly vrrpParts: string;
}

/**
 * Commands that make a release of what has been uploaded: unpacked, every hash verified, on the disk, then named by one rename.
 * Without the flush a power cut soon after leaves a complete name with empty files behind it (ext4 allocates late).
 */
export function unpackCommands(agent: AgentFacts, { hash: release, node, vrrpParts }: ReleaseNames): Command[] {
  const final = `${AGENT.releases}/${release}`;
  const other = agent.nodes[node];
  return [
    run('rm', '-rf', STAGING, final),
    run('mkdir', '-p', STAGING, AGENT.releases),
    run('chmod', '0755', AGENT.root, AGENT.releases, STAGING),
    run('tar', '-xzf', INCOMING, '-C', STAGING, '--no-same-owner'),
    ...(other === undefined ? [] : [run('ln', '-f', `${AGENT.releases}/${other}/node`, `${STAGING}/node`)]),
    run('sh', '-c', other === undefined ? VERIFY : VERIFY_WITHOUT_NODE, STAGING),
    { kind: 'write', path: `${STAGING}/stamp`, mode: 0o644, content: `${release}\n${node}\n${vrrpParts}\n` },
    run('sh', '-c', FLUSH, STAGING),
    run('mv', '-T', STAGING, final),
    run('sync', AGENT.releases),
    run('rm', '-f', INCOMING),
  ];
}

const VERIFY = 'cd "$0" && sha256sum -c --quiet manifest';

const FLUSH = 'sync "$0"/* "$0"';

/** A linked Node was verified when it came; hashing its 127 MB again takes a small machine seconds. */
const VERIFY_WITHOUT_NODE = 'cd "$0" && grep -vx ".*  node" manifest | sha256sum -c --quiet';

/** After a failure: nothing of an upload stays behind. */
export const CLEAR_UPLOAD: readonly Command[] = [run('rm', '-rf', INCOMING, STAGING)];

/** Points `current` at the wanted release and keeps one older one. The upload itself comes before, if anything is missing. */
export const release: Operation = {
  name: 'agent release',
  decide({ director }, { agent }, context) {
    const wanted = context.release;
    if (director === null || agent === null || wanted === null) return { nothing: 'no director' };
    const changes: Change[] = [];
    const commands: Command[] = [];
    if (!agent.releases.includes(wanted)) {
      changes.push({ sign: '+', what: `release ${wanted.slice(0, 12)}`, why: 'not uploaded yet' });
    }
    if (agent.current !== wanted) {
      const why = agent.current === null ? 'none was in use' : `was ${agent.current.slice(0, 12)}`;
      changes.push({
        sign: agent.current === null ? '+' : '~',
        what: `${AGENT.current} → ${wanted.slice(0, 12)}`,
        why,
      });
      commands.push({ kind: 'link', path: AGENT.current, target: `${AGENT.releases}/${wanted}` });
    }
    if (!agent.command || agent.current !== wanted) {
      commands.push({ kind: 'link', path: AGENT.command, target: `${AGENT.current}/lvs-agent` });
      if (agent.current === wanted) changes.push({ sign: '+', what: AGENT.command, why: 'missing' });
    }
    const older = superfluous(agent, wanted);
    if (older.length > 0) {
      const names = older.map((one) => one.slice(0, 12)).join(', ');
      changes.push({ sign: '-', what: `release ${names}`, why: 'older than the last two' });
    }
    const halves = agent.leftovers.filter((path) => path !== `${AGENT.releases}/${wanted}`);
    changes.push(...halves.map((what) => ({ sign: '-', what, why: 'left by an upload that was cut off' }) as const));
    const gone = [...older.map((one) => `${AGENT.releases}/${one}`), ...halves];
    if (gone.length > 0) commands.push(run('rm', '-rf', ...gone));
    return outcome(changes, commands, 'the release is in use');
  },
};

/** All but the wanted one and one other: the one in use so far, to go back to by hand. */
function superfluous({ releases, current, state }: AgentFacts, wanted: string): string[] {
  const others = releases.filter((one) => one !== wanted);
  const kept = [current, state?.release].find((one) => one && others.includes(one)) ?? others.at(-1);
  return others.filter((one) => one !== kept);
}
