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

/** Commands that make a release of what has been uploaded: unpacked, every hash verified, then named by one rename. */
export function unpackCommands(agent: AgentFacts, release: string, node: string): Command[] {
  const final = `${AGENT.releases}/${release}`;
  const other = agent.nodes[node];
  return [
    run('rm', '-rf', STAGING, final),
    run('mkdir', '-p', STAGING, AGENT.releases),
    run('chmod', '0755', AGENT.root, AGENT.releases, STAGING),
    run('tar', '-xzf', INCOMING, '-C', STAGING, '--no-same-owner'),
    ...(other === undefined ? [] : [run('ln', '-f', `${AGENT.releases}/${other}/node`, `${STAGING}/node`)]),
    run('sh', '-c', 'cd "$0" && sha256sum -c --quiet manifest', STAGING),
    { kind: 'write', path: `${STAGING}/stamp`, mode: 0o644, content: `${release}\n${node}\n` },
    run('mv', '-T', STAGING, final),
    run('rm', '-f', INCOMING),
  ];
}

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
      commands.push(run('rm', '-rf', ...older.map((one) => `${AGENT.releases}/${one}`)));
    }
    return outcome(changes, commands, 'the release is in use');
  },
};

/** All but the wanted one and one other: the one in use so far, to go back to by hand. */
function superfluous({ releases, current }: AgentFacts, wanted: string): string[] {
  const others = releases.filter((one) => one !== wanted);
  const kept = current !== null && current !== wanted ? current : others.at(-1);
  return others.filter((one) => one !== kept);
}
