/** Reading a topology, as every command that takes one does it: the same search, the same words, the same exit code. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { type Loaded, loadTopology } from '../config/load.ts';
import { type Problem, problemLine } from '../config/problem.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type GlobalOptions, type Output } from '../output/output.ts';
import { printable } from '../output/printable.ts';

export interface TopologyOptions extends GlobalOptions {
  /** Positional TOPOLOGY or -t; else $LVSCTL_TOPOLOGY, else ./topology.yaml. */
  readonly topology?: string | undefined;
}

export function topologyPath(options: TopologyOptions, environment: NodeJS.ProcessEnv = process.env): string {
  return options.topology ?? environment['LVSCTL_TOPOLOGY'] ?? 'topology.yaml';
}

/** @throws Failure 5 when the file cannot be read; what is wrong inside it comes back as problems. */
export async function loadTopologyFile(
  options: TopologyOptions,
): Promise<{ readonly file: string } & (Loaded | { readonly problems: readonly Problem[] })> {
  const file = topologyPath(options);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const hint =
      options.topology === undefined
        ? 'name one with -t FILE or $LVSCTL_TOPOLOGY, or write one with `lvsctl init`'
        : 'check the path, or write a topology with `lvsctl init`';
    throw new Failure(5, `the topology ${file} cannot be read: ${reasonOf(error)}`, [hint], { cause: error });
  });
  return { file, ...loadTopology(text, file, dirname(resolve(file))) };
}

export function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such file';
  if (error.code === 'EISDIR') return 'it is a directory';
  if (error.code === 'EACCES') return 'permission denied';
  return error.code ?? error.message;
}

/**
 * The Config that plan, apply and the rest act upon. Problems and warnings go to stderr.
 * @throws Failure 5 when it does not validate, or uses keys that this version does not act upon.
 */
export async function readTopology(options: TopologyOptions): Promise<Config> {
  const output = createOutput(options);
  const loaded = await loadTopologyFile(options);
  if ('problems' in loaded) throw invalid(loaded.file, loaded.problems, output);
  if (loaded.unsupported.length > 0) throw invalid(loaded.file, loaded.unsupported, output);
  if (output.verbosity >= 0) tell(loaded.warnings, output);
  const { inventory } = loaded.config;
  return { ...loaded.config, inventory: inventory?.replace(/^~(?=\/|$)/, homedir()) ?? null };
}

/** Problems go to stderr, one a line, in the form that editors and compilers share. */
export function tell(problems: readonly Problem[], output: Output): void {
  for (const problem of problems) output.messages.write(`${printable(problemLine(problem))}\n`);
}

/** Tells the problems; the failure then says how many there are. */
export function invalid(file: string, problems: readonly Problem[], output: Output): Failure {
  tell(problems, output);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return new Failure(5, `${file} has ${errors} error${errors === 1 ? '' : 's'}`);
}
