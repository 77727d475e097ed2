/** keepalived on a director that changes hands: it is stopped, not taken away, and what it was like is written down. */
import { managedFile, PATHS, RECORD_MARK } from '../desired/managed.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Command } from '../shell/command.ts';
import { type Context, run } from './operation.ts';

export const KEEPALIVED_UNIT = 'keepalived.service';

/** What keepalived was like before lvs-agent took its place. */
export interface KeepalivedRecord {
  /** It would have been started at boot. */
  readonly enabled: boolean;
}

export function runsKeepalived({ units }: Pick<HostFacts, 'units'>): boolean {
  return units[KEEPALIVED_UNIT]?.active ?? false;
}

/** null: lvsctl has never stopped it there. */
export function recordOf({ files }: HostFacts): KeepalivedRecord | null {
  const file = files[PATHS.keepalived];
  if (file === undefined || file.managed === null) return null;
  return { enabled: file.content.includes(`\n${RECORD_MARK} keepalived enabled\n`) };
}

/** The record comes first: whatever happens next, the way back is known. What an earlier run wrote down stays. */
export function stopCommands(facts: HostFacts, digest: Context['digest']): Command[] {
  const { enabled = false } = facts.units[KEEPALIVED_UNIT] ?? {};
  const body = `# keepalived ran here before lvs-agent; \`lvsctl migrate HOST --back\` starts it again.
${RECORD_MARK} keepalived ${enabled ? 'enabled' : 'disabled'}
`;
  const record = managedFile(PATHS.keepalived, 0o644, body, digest);
  return [
    ...(recordOf(facts) === null ? [{ kind: 'write', ...record } satisfies Command] : []),
    run('systemctl', 'disable', '--now', '--quiet', KEEPALIVED_UNIT),
  ];
}

/** As it was before. Without a record it is started, and not at boot. The record goes last, so that a run that was cut off finds it. */
export function startCommands(facts: HostFacts): Command[] {
  return [
    ...(recordOf(facts)?.enabled ? [run('systemctl', 'enable', '--quiet', KEEPALIVED_UNIT)] : []),
    run('systemctl', 'start', KEEPALIVED_UNIT),
    { kind: 'remove', path: PATHS.keepalived },
  ];
}
