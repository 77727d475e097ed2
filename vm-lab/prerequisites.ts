/** What no package brings: an architecture, namespaces, memory. Each refusal is one sentence with its way out. */
import { readFile } from 'node:fs/promises';
import { arch, userInfo } from 'node:os';
import { execa } from 'execa';
import { LabError } from './lab-error.ts';

/** Five machines and their disks' caches; measured at 0.5 GiB idle. */
const NEEDED_MIB = 1024;

/** Settings that forbid namespaces to ordinary users, with the value that allows them. */
const SWITCHES: readonly (readonly [string, string, string])[] = [
  ['kernel.unprivileged_userns_clone', '0', '1'],
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
  ['user.max_user_namespaces', '0', '10000'],
];

/** @throws LabError */
export async function checkPrerequisites(): Promise<void> {
  if (process.platform !== 'linux' || arch() !== 'x64') {
    throw new LabError(`the lab runs on Linux on x86_64, not on ${process.platform} on ${arch()}`);
  }
  await checkMemory();
  const probe = await execa('unshare', ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', 'true'], {
    reject: false,
  });
  if (probe.failed) {
    throw new LabError(`this machine does not let ${userInfo().username} make namespaces: ${probe.stderr.trim()}`, {
      hints: await wayOut(),
    });
  }
}

/** @throws LabError when an ordinary user has no range of ids of its own: the image could not keep its owners. */
export async function checkIdRanges(): Promise<void> {
  const { uid, username } = userInfo();
  if (uid === 0) return;
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.split('\n').some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`))) continue;
    throw new LabError(`the image cannot be built: ${username} has no range of ids in ${file}`, {
      hints: [`run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`],
    });
  }
}

async function checkMemory(): Promise<void> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const availableMib = Math.floor(Number(/^MemAvailable: +(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024);
  if (availableMib < NEEDED_MIB) {
    throw new LabError(`the lab needs ${NEEDED_MIB} MiB of memory, and ${availableMib} MiB are free`);
  }
}

async function wayOut(): Promise<string[]> {
  const forbidding = await Promise.all(
    SWITCHES.map(async ([name, bad, good]) => {
      const value = await readFile(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').catch(() => '');
      return value.trim() === bad ? `run: sudo sysctl -w ${name}=${good}` : '';
    }),
  );
  const hints = forbidding.filter((hint) => hint !== '');
  return hints.length > 0 ? hints : ['in a container: allow it to make user namespaces, or run the lab outside'];
}
