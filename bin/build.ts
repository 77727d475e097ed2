/**
 * `npm run build`: the native parts, and the bundles in dist/: the CLI (split, loaded lazily) and one file for each of the
 * agent's two processes. Files are replaced one by one, so that an lvsctl that runs meanwhile finds all of its parts.
 */
import { chmod, glob, readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { buildNative } from './build-native.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** ssh2 and netlink are CommonJS: they look for these three at load. */
const BANNER = `import { createRequire as __createRequire } from 'node:module';
import { dirname as __dirnameOf } from 'node:path';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __dirnameOf(__filename);`;

const { version } = JSON.parse(await readFile(resolve(ROOT, 'package.json'), 'utf8')) as { version: string };

const shared: BuildOptions & { readonly metafile: true } = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.LVSCTL_VERSION': JSON.stringify(version) },
  external: ['*.node', 'cpu-features'],
  banner: { js: BANNER },
  outdir: 'dist',
  metafile: true,
  logLevel: 'warning',
};

const [cli, agent] = await Promise.all([
  build({ ...shared, entryPoints: ['src/cli.ts'], splitting: true, chunkNames: 'chunks/[name]-[hash]' }),
  build({
    ...shared,
    entryPoints: { agent: 'src/agent.ts', vrrp: 'src/vrrp-process.ts' },
    outExtension: { '.js': '.mjs' },
  }),
  buildNative(),
]);
await chmod(resolve(ROOT, 'dist/cli.js'), 0o755);
await removeStale(cli.metafile, agent.metafile);

/** Chunks are named after their content: those of earlier builds would pile up. */
async function removeStale(...metafiles: readonly Metafile[]): Promise<void> {
  const current = new Set(metafiles.flatMap(({ outputs }) => Object.keys(outputs)));
  for await (const file of glob('dist/chunks/*.js', { cwd: ROOT })) {
    if (!current.has(file)) await rm(resolve(ROOT, file), { force: true });
  }
}
