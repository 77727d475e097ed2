/**
 * The agent's release: the pinned Node, two bundles and the native parts, named by the hash of all of it. Built from what
 * `npm run build` made; hashes and archives are kept in the user's cache, for Node alone is more than 100 MB.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { packageRoot } from './package-root.ts';
import { type TarEntry, tarBlocks } from './tar.ts';

export type Architecture = 'x64' | 'arm64';

export interface ReleaseFile {
  /** Name in the release. */
  readonly name: string;
  /** Where it is here; null: `text` is its content. */
  readonly path: string | null;
  readonly text: string;
  readonly mode: number;
  readonly sha256: string;
}

export interface Release {
  readonly architecture: Architecture;
  /** SHA-256 of its manifest. */
  readonly hash: string;
  /** SHA-256 of the Node binary. */
  readonly node: string;
  /** SHA-256 of the manifest's lines of what the VRRP process is made of: releases that have it in common need not restart it. */
  readonly vrrpParts: string;
  /** As sha256sum(1) writes and checks it. */
  readonly manifest: string;
  readonly files: readonly ReleaseFile[];
}

/** What a release needs is not here: said in one sentence, with the way to get it. */
export class ReleaseMissingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReleaseMissingError';
  }
}

/** `lvs-agent stdio` and `lvs-agent ctl …` for people and for lvsctl. */
const COMMAND = `#!/bin/sh
# lvs-agent stdio: the control socket on stdin and stdout; lvs-agent ctl …: break-glass on the director itself.
here=/opt/lvs-agent/current
case \${1:-} in
  stdio) exec "$here/stdio" /run/lvs-agent/control.sock ;;
  ctl) exec "$here/node" "$here/agent.mjs" "$@" ;;
  *)
    echo "usage: lvs-agent stdio | lvs-agent ctl COMMAND" >&2
    exit 64
    ;;
esac
`;

/** What `lvs-vrrp.service` runs (vrrpUnitBody in src/desired/agent-units.ts), and the addon that it loads. */
const VRRP_PARTS: readonly string[] = ['node', 'rawio.node', 'twin', 'vrrp.mjs'];

/** @throws ReleaseMissingError when a part is not built, or this architecture's Node is not installed. */
export async function buildRelease(architecture: Architecture, root = packageRoot()): Promise<Release> {
  const found = await Promise.all(sources(architecture, root).map(([name, path, mode]) => fileOf(name, path, mode)));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const made = [textFile('lvs-agent', COMMAND, 0o755), textFile('version', `${version}\n`, 0o644)];
  const files = [...found, ...made].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = files.map(({ sha256, name }) => ({ name, line: `${sha256}  ${name}\n` }));
  const manifest = lines.map(({ line }) => line).join('');
  const vrrp = lines.filter(({ name }) => VRRP_PARTS.includes(name)).map(({ line }) => line);
  const node = files.find(({ name }) => name === 'node')?.sha256 ?? '';
  return { architecture, hash: sha256Of(manifest), node, vrrpParts: sha256Of(vrrp.join('')), manifest, files };
}

function sources(architecture: Architecture, root: string): (readonly [name: string, path: string, mode: number])[] {
  const native = join(root, 'dist/native', architecture);
  const node = [`node_modules/node-linux-${architecture}`, `../node-linux-${architecture}`]
    .map((folder) => join(root, folder, 'bin/node'))
    .find(existsSync);
  if (node === undefined) {
    throw new ReleaseMissingError(
      `Node for ${architecture} is not installed here, so no agent can be sent to such a host; run lvsctl on a machine of that architecture.`,
    );
  }
  return [
    ['node', node, 0o755],
    ['agent.mjs', join(root, 'dist/agent.mjs'), 0o644],
    ['vrrp.mjs', join(root, 'dist/vrrp.mjs'), 0o644],
    ['rawio.node', join(native, 'rawio.node'), 0o644],
    ['stdio', join(native, 'stdio'), 0o755],
    ['lvs-run', join(native, 'lvs-run'), 0o755],
    ['twin', join(native, 'twin'), 0o755],
  ];
}

async function fileOf(name: string, path: string, mode: number): Promise<ReleaseFile> {
  if (!existsSync(path))
    throw new ReleaseMissingError(`the agent is not built (${path} is missing); run: npm run build`);
  return { name, path, text: '', mode, sha256: await cachedHash(path) };
}

function textFile(name: string, text: string, mode: number): ReleaseFile {
  return { name, path: null, text, mode, sha256: sha256Of(text) };
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lvsctl');
}

/** Of a big file once per size and time of change; a small one is hashed outright. */
async function cachedHash(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  if (size < 4_000_000) return sha256OfBytes(await readFile(path));
  const memo = join(cacheFolder(), 'hashes', sha256Of(`${path} ${size} ${mtimeMs} ${ino}`));
  const known = await readFile(memo, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const digest = hash.digest('hex');
  await writeCache(memo, digest).catch(() => undefined);
  return digest;
}

function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function writeCache(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

export interface Archive {
  readonly path: string;
  readonly size: number;
}

/** The release as one tar.gz in the cache, made once; without Node where the host has the same one already. */
export async function packRelease(release: Release, withNode: boolean): Promise<Archive> {
  const path = join(cacheFolder(), 'releases', `${release.hash}${withNode ? '' : '-without-node'}.tar.gz`);
  if (!existsSync(path)) {
    await mkdir(join(path, '..'), { recursive: true });
    const temporary = `${path}.${process.pid}`;
    try {
      const entries = await Promise.all(release.files.filter(({ name }) => withNode || name !== 'node').map(entryOf));
      entries.push({ name: 'manifest', mode: 0o644, content: new TextEncoder().encode(release.manifest) });
      // Level 1: the network in between is usually a LAN, and a higher level costs seconds for a tenth of the size.
      await pipeline(Readable.from(tarBlocks(entries)), createGzip({ level: 1 }), createWriteStream(temporary));
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }
  return { path, size: (await stat(path)).size };
}

async function entryOf({ name, path, text, mode, sha256 }: ReleaseFile): Promise<TarEntry> {
  const content = path === null ? new TextEncoder().encode(text) : await readFile(path);
  if (sha256OfBytes(content) !== sha256)
    throw new ReleaseMissingError(`${basename(path ?? name)} changed while it was read`);
  return { name, mode, content };
}
