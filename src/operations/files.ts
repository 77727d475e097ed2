import { managedFiles } from '../desired/files.ts';
import { type ManagedFile, PATHS } from '../desired/managed.ts';
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Command } from '../shell/command.ts';
import { type Change, type Context, type Operation, outcome, run } from './operation.ts';

/** Writes managed files that differ, removes ours that are no longer wanted, and has systemd read its units again. */
export const files: Operation = {
  name: 'managed files',
  decide(wanted, facts, context) {
    const wantedFiles = filesOf(wanted, facts, context);
    const differing = wantedFiles.filter(({ path, content }) => facts.files[path]?.content !== content);
    const gone = Object.values(PATHS).filter(
      (path) =>
        path !== PATHS.keepalived && facts.files[path]?.managed && !wantedFiles.some((file) => file.path === path),
    );
    const commands: Command[] = [
      ...differing.map(({ path, mode, content }): Command => ({ kind: 'write', path, mode, content })),
      ...gone.flatMap(removal),
    ];
    if ([...differing.map(({ path }) => path), ...gone].some((path) => path.endsWith('.service'))) {
      commands.push(run('systemctl', 'daemon-reload'));
    }
    return outcome(
      [...differing.map((file) => changeOf(file, facts)), ...gone.map(goneChange)],
      commands,
      'every file is as it should be',
    );
  },
};

/** The files as they shall be, with the values that sysctls had before lvsctl came: as recorded, else as they are now. */
export function filesOf(wanted: Wanted, facts: HostFacts, { digest }: Context): ManagedFile[] {
  const originals = Object.fromEntries(
    Object.keys(wanted.sysctls).map((key) => [
      key,
      Object.hasOwn(facts.originals, key) ? (facts.originals[key] ?? null) : (facts.sysctls[key] ?? null),
    ]),
  );
  const active = (unit: string) => facts.units[unit]?.active ?? false;
  const managers = {
    networkd: active('systemd-networkd.service'),
    networkManager: active('NetworkManager.service'),
  };
  return managedFiles(wanted, originals, managers, digest);
}

function removal(path: string): Command[] {
  const unit = path.slice(path.lastIndexOf('/') + 1);
  const disable = path.endsWith('.service') ? [run('systemctl', 'disable', '--now', '--quiet', unit)] : [];
  return [...disable, { kind: 'remove', path }];
}

function goneChange(path: string): Change {
  return { sign: '-', what: path, why: 'no longer wanted' };
}

function changeOf({ path, content }: ManagedFile, facts: HostFacts): Change {
  const there = facts.files[path];
  if (there === undefined) return { sign: '+', what: path, why: 'missing' };
  if (there.managed === null) return { sign: '~', what: path, why: 'not written by lvsctl; replaced' };
  const edited = content.includes(`sha256 ${there.managed}\n`) && there.content !== content;
  return { sign: '~', what: path, why: edited ? 'edited by hand' : 'from an earlier topology or version' };
}
