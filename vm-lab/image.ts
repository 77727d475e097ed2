/** The disk that every machine's own disk is a copy-on-write layer of: Debian, built once and kept by the hash of its recipe. */
import { createHash } from 'node:crypto';
import { access, link, mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { SEARCH_PATH } from './host-packages.ts';
import { CUSTOMIZE, IMAGE_FILES, IMAGE_PACKAGES } from './image-files.ts';
import { LabError } from './lab-error.ts';
import { cacheFolder, labsFolder, placeOf } from './place.ts';
import { checkIdRanges } from './prerequisites.ts';
import { readRecord } from './record.ts';
import type { Steps } from './steps.ts';

const SUITE = 'bookworm';
/** Sparse: room for a few releases of the agent on a director. */
const DISK_SIZE = '3G';
const KERNEL = '/usr/bin/linux.uml';
const MODULES = '/usr/lib/uml/modules';

/** The image's path; built first if the cache has none. */
export async function image(steps: Steps): Promise<string> {
  const path = join(cacheFolder(), `${await recipeHash()}.img`);
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    return path;
  await checkIdRanges();
  await mkdir(cacheFolder(), { recursive: true });
  await prune();
  const work = await mkdtemp(join(cacheFolder(), 'build-'));
  try {
    const tar = await buildTar(work, steps);
    steps.doing('image', 'making the disk');
    await makeDisk(work, tar, join(work, 'disk'));
    await publish(join(work, 'disk'), path);
    steps.done('image', `built: ${path}`);
  } finally {
    await execa('rm', ['-rf', work], { reject: false });
  }
  return path;
}

/** Whoever comes first wins: a machine's disk knows its image by the time of its last change, so it is never replaced. */
async function publish(disk: string, path: string): Promise<void> {
  try {
    await link(disk, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/**
 * Removes what nothing has used for a day: images that no lab has, and what was left by a build that was killed. The
 * day is for labs that are being started, which nobody knows yet.
 */
async function prune(): Promise<void> {
  const names = await readdir(cacheFolder());
  const labs = await readdir(labsFolder()).catch(() => []);
  const records = await Promise.all(labs.map((name) => readRecord(placeOf(name)).catch(() => undefined)));
  for (const path of names.map((name) => join(cacheFolder(), name))) {
    const { atimeMs, mtimeMs } = await stat(path);
    const old = Date.now() - Math.max(atimeMs, mtimeMs) > 86_400_000;
    if (old && !records.some((record) => record?.image === path)) await asOwner(['rm', '-rf', path]);
  }
}

/** Changes with whatever goes in: the recipe of this folder, Debian's release, the kernel and its modules. */
async function recipeHash(): Promise<string> {
  const kernel = await stat(KERNEL);
  const recipe = [SUITE, DISK_SIZE, IMAGE_PACKAGES, IMAGE_FILES, CUSTOMIZE, await kernelVersion(), kernel.size];
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
}

async function kernelVersion(): Promise<string> {
  const [version] = (await readdir(MODULES)).sort().reverse();
  if (version === undefined) throw new LabError(`${MODULES} holds no kernel modules`);
  return version;
}

/** Debian with our files, as a tar that keeps the owners; as an ordinary user in a namespace of mmdebstrap's own. */
async function buildTar(work: string, steps: Steps): Promise<string> {
  const tar = join(work, 'root.tar');
  const files = await filesTar(work);
  const modules = join(MODULES, await kernelVersion());
  const hooks = [
    `mkdir -p "$1/usr/lib/modules"`,
    `tar-in ${files} /`,
    `copy-in ${modules} /usr/lib/modules/`,
    `chroot "$1" sh -c '${CUSTOMIZE.replaceAll("'", "'\\''")}'`,
  ];
  const build = execa(
    'mmdebstrap',
    [
      '--variant=minbase',
      `--include=${IMAGE_PACKAGES.join(',')}`,
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      SUITE,
      tar,
    ],
    { stdin: 'ignore', all: true, reject: false, env: { PATH: SEARCH_PATH } },
  );
  for await (const line of build.iterable({ from: 'all' })) {
    const [, step] = /^I: ((?:running apt|downloading|extracting|installing|creating).*)/.exec(String(line)) ?? [];
    if (step !== undefined) steps.doing('image', step);
  }
  const result = await build;
  if (result.failed) {
    throw new LabError('Debian could not be built for the image', { hints: result.all.trim().split('\n').slice(-5) });
  }
  return tar;
}

async function filesTar(work: string): Promise<string> {
  const root = join(work, 'files');
  for (const [path, text] of Object.entries(IMAGE_FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const tar = join(work, 'files.tar');
  // Files only: a folder's entry would lend its owner and mode to the image's own.
  const paths = Object.keys(IMAGE_FILES).map((path) => `.${path}`);
  await execa('tar', ['-cf', tar, '--owner=0', '--group=0', '--mode=0644', '-C', root, ...paths]);
  return tar;
}

/** Unpacked where the tar's owners can be kept: as an ordinary user that is a namespace with the user's range of ids. */
async function makeDisk(work: string, tar: string, disk: string): Promise<void> {
  const script = `set -eu
umask 022
trap 'rm -rf "$1/root"' EXIT
mkdir "$1/root"
tar -xf "$2" -C "$1/root" --exclude='./dev/*' --numeric-owner
truncate -s ${DISK_SIZE} "$3"
mkfs.ext4 -q -m 0 -J size=16 -E lazy_itable_init=0,nodiscard -d "$1/root" "$3"`;
  await asOwner(['sh', '-c', script, 'sh', work, tar, disk]);
}

async function asOwner(command: readonly string[]): Promise<void> {
  const entering = process.getuid?.() === 0 ? [] : ['unshare', '--user', '--map-root-user', '--map-auto'];
  const [file = '', ...args] = [...entering, ...command];
  await execa(file, args, { env: { PATH: SEARCH_PATH } });
}
