/** `npm run build`: the native parts, then the two bundles in dist/: the CLI (split, lazily loaded) and the agent (one file a process). */
import { chmod, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = resolve(ROOT, 'dist');

/** ssh2 and netlink are CommonJS: they look for these three at load. */
const BANNER = `import { createRequire as __createRequire } from 'node:module';
import { dirname as __dirnameOf } from 'node:path';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __dirnameOf(__filename);`;

const shared: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  define: { 'process.env.NODE_ENV': '"production"' },
  external: ['*.node', 'cpu-features'],
  banner: { js: BANNER },
  logLevel: 'warning',
};

await rm(DIST, { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: ['src/cli.ts'],
  outdir: DIST,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});
await chmod(resolve(DIST, 'cli.js'), 0o755);
