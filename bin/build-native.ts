/**
 * Builds the C parts into dist/native/<arch>/ for both architectures: rawio.node, stdio, lvs-run, twin. Plain `cc` against the headers
 * that come with the pinned Node; aarch64 by the cross compiler. Missing compilers are installed when root (Debian), else the
 * one command is printed. `node bin/build-native.ts` builds only these.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execa } from 'execa';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCES = resolve(ROOT, 'src/native');

interface Target {
  readonly arch: 'x64' | 'arm64';
  readonly compiler: string;
  /** Debian's package of that compiler. */
  readonly packages: readonly string[];
}

/** libc's headers come with the first; the cross compiler's package brings its own. */
function targets(): readonly Target[] {
  const own = process.arch === 'arm64' ? 'arm64' : 'x64';
  const cross = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
  const other = own === 'x64' ? 'arm64' : 'x64';
  return [
    { arch: own, compiler: 'cc', packages: ['gcc', 'libc6-dev'] },
    {
      arch: other,
      compiler: `${cross[other]}-gcc`,
      packages: [`gcc-${cross[other].replace('_', '-')}`, `libc6-dev-${other === 'x64' ? 'amd64' : 'arm64'}-cross`],
    },
  ];
}

async function isThere(compiler: string): Promise<boolean> {
  return !(await execa(compiler, ['--version'], { reject: false })).failed;
}

/** @throws Error that names the one command to run. */
async function provideCompilers(wanted: readonly Target[]): Promise<void> {
  const missing: string[] = [];
  for (const target of wanted) if (!(await isThere(target.compiler))) missing.push(...target.packages);
  if (missing.length === 0) return;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  const advice = `The native parts need C compilers; run: ${process.getuid?.() === 0 ? '' : 'sudo '}${install.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(advice);
  const [program = '', ...args] = install;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const result = await execa(program, args, { env, reject: false, all: true });
  if (result.failed) throw new Error(`${advice}\n${result.all}`);
}

function headers(): string {
  const found = ['x64', 'arm64']
    .map((arch) => resolve(ROOT, `node_modules/node-linux-${arch}/include/node`))
    .find(existsSync);
  if (found === undefined) throw new Error('no Node headers in node_modules/node-linux-*: run npm ci');
  return found;
}

const STRICT = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fstack-protector-strong',
  '-s',
  '-Wl,--build-id=none',
];

async function compile(target: Target, name: string, args: readonly string[]): Promise<void> {
  const folder = resolve(ROOT, 'dist/native', target.arch);
  await mkdir(folder, { recursive: true });
  const temporary = resolve(folder, `.${name}.${process.pid}`);
  await execa(target.compiler, [...STRICT, '-o', temporary, ...args]);
  await rename(temporary, resolve(folder, name));
}

async function buildTarget(target: Target): Promise<void> {
  const source = (name: string): string => resolve(SOURCES, name);
  await Promise.all([
    compile(target, 'rawio.node', [
      '-shared',
      '-fPIC',
      '-nostdlib',
      '-fno-stack-protector',
      '-isystem',
      headers(),
      source('rawio.c'),
    ]),
    compile(target, 'stdio', ['-nostartfiles', source('stdio.c')]),
    compile(target, 'lvs-run', ['-nostartfiles', source('lvs-run.c')]),
    compile(target, 'twin', ['-nostartfiles', source('twin.c')]),
  ]);
}

export async function buildNative(): Promise<void> {
  const wanted = targets();
  await provideCompilers(wanted);
  for (const target of wanted) await buildTarget(target);
}

if (process.argv[1] === import.meta.filename) await buildNative();
