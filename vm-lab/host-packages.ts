/**
 * The programs of this machine that the lab is made with, and where Debian has them. What lacks is installed where that
 * is allowed, else the one command is said.
 */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { LabError } from './lab-error.ts';
import type { Steps } from './steps.ts';

/** A program's name, or the path of a file → the package that brings it. */
export type Needs = Readonly<Record<string, string>>;

const PROGRAMS: Needs = {
  'linux.uml': 'user-mode-linux',
  mmdebstrap: 'mmdebstrap',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  ip: 'iproute2',
  ethtool: 'ethtool',
  socat: 'socat',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  'mkfs.ext4': 'e2fsprogs',
  tar: 'tar',
  // The client is a namespace of this machine: what people try a service with.
  curl: 'curl',
  ping: 'iputils-ping',
};

/** As an ordinary user the image's owners are kept by these two. */
const PROGRAMS_OF_USERS: Needs = { newuidmap: 'uidmap', newgidmap: 'uidmap' };

/** Where to look for programs: an ordinary user's PATH lacks the folders where Debian keeps `ip` and `mkfs.ext4`. */
export const SEARCH_PATH = [process.env['PATH'] || '/usr/bin:/bin', '/usr/sbin', '/sbin'].join(':');

/**
 * @param more what is needed beyond the lab itself.
 * @throws LabError with the command to run, when something lacks and may not be installed from here.
 */
export async function ensureHostPackages(steps: Steps, more: Needs = {}): Promise<void> {
  const wanted = { ...PROGRAMS, ...(process.getuid?.() === 0 ? {} : PROGRAMS_OF_USERS), ...more };
  const missing = await missingPackages(wanted);
  if (missing.length === 0) return;
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  const isRoot = process.getuid?.() === 0;
  const mayAsk = process.stdin.isTTY && process.stderr.isTTY && (await isProgram('sudo'));
  if (!(await isProgram('apt-get')) || !(isRoot || mayAsk)) {
    throw new LabError(`the lab needs packages that this machine lacks: ${missing.join(' ')}`, {
      hints: [`run: ${isRoot ? '' : 'sudo '}${install.join(' ')}`],
    });
  }
  steps.doing('packages', `installing ${missing.join(' ')}`);
  await runInstaller(isRoot ? [] : ['sudo'], install);
  const still = await missingPackages(wanted);
  if (still.length > 0) throw new LabError(`these packages could not be installed: ${still.join(' ')}`);
  steps.done('packages', `installed ${missing.join(' ')}`);
}

/**
 * No service is started by an installation: Debian asks policy-rc.d, which is put there for the time being. The second
 * try has fresh lists: on a new machine there are none.
 */
const INSTALLER = `set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >$policy
  chmod 755 $policy
fi
"$@" || { apt-get update && "$@"; }`;

async function runInstaller(privilege: readonly string[], install: readonly string[]): Promise<void> {
  const [file = '', ...args] = [...privilege, 'sh', '-c', INSTALLER, 'sh', ...install];
  const result = await execa(file, args, { stdin: 'inherit', all: true, reject: false });
  if (!result.failed) return;
  const hints = [...result.all.trim().split('\n').slice(-3), `run: ${[...privilege, ...install].join(' ')}`];
  throw new LabError('the packages that the lab needs could not be installed', { hints });
}

async function missingPackages(wanted: Needs): Promise<string[]> {
  const found = await Promise.all(
    Object.keys(wanted).map((name) => (name.startsWith('/') ? isFile(name) : isProgram(name))),
  );
  return [...new Set(Object.values(wanted).filter((_, index) => !found[index]))].sort();
}

async function isFile(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function isProgram(name: string): Promise<boolean> {
  const candidates = SEARCH_PATH.split(':').map((folder) => join(folder, name));
  const found = await Promise.all(
    candidates.map((path) =>
      access(path, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
