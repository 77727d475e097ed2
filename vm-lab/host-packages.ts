/**
 * The programs of this machine that the lab is made with, and where Debian has them. What lacks is installed where that
 * is allowed, else the one command is said. None of these packages has a service that an installation would start.
 */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { LabError } from './lab-error.ts';
import type { Steps } from './steps.ts';

/** Program → package. */
const PROGRAMS: Readonly<Record<string, string>> = {
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
};

/** As an ordinary user the image's owners are kept by these two. */
const PROGRAMS_OF_USERS: Readonly<Record<string, string>> = { newuidmap: 'uidmap', newgidmap: 'uidmap' };

/** Where to look for programs: an ordinary user's PATH lacks the folders where Debian keeps `ip` and `mkfs.ext4`. */
export const SEARCH_PATH = [process.env['PATH'] || '/usr/bin:/bin', '/usr/sbin', '/sbin'].join(':');

/** @throws LabError with the command to run, when something lacks and may not be installed from here. */
export async function ensureHostPackages(steps: Steps): Promise<void> {
  const missing = await missingPackages();
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
  const still = await missingPackages();
  if (still.length > 0) throw new LabError(`these packages could not be installed: ${still.join(' ')}`);
  steps.done('packages', `installed ${missing.join(' ')}`);
}

/** A second try with fresh lists: on a new machine there are none. */
async function runInstaller(privilege: readonly string[], install: readonly string[]): Promise<void> {
  const attempt = async (argv: readonly string[]) => {
    const [file = '', ...args] = [...privilege, 'env', 'DEBIAN_FRONTEND=noninteractive', ...argv];
    return execa(file, args, { stdin: 'inherit', all: true, reject: false });
  };
  if (!(await attempt(install)).failed) return;
  await attempt(['apt-get', 'update']);
  const second = await attempt(install);
  if (!second.failed) return;
  const hints = [...second.all.trim().split('\n').slice(-3), `run: ${[...privilege, ...install].join(' ')}`];
  throw new LabError('the packages that the lab needs could not be installed', { hints });
}

async function missingPackages(): Promise<string[]> {
  const wanted = process.getuid?.() === 0 ? PROGRAMS : { ...PROGRAMS, ...PROGRAMS_OF_USERS };
  const found = await Promise.all(Object.keys(wanted).map(isProgram));
  return [...new Set(Object.values(wanted).filter((_, index) => !found[index]))].sort();
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
