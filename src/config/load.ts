/**
 * The way in: topology text → Config, or every problem at once. Pure: reading the file, `~` and the secrets belong to the
 * caller. Three passes, each adding to one list: YAML, shapes, then references and contradictions.
 */
import type { Config } from './config.ts';
import { contradictions } from './contradictions/contradictions.ts';
import { readDocument } from './document.ts';
import { folderOf } from './path.ts';
import { type Finding, inFileOrder, type Problem } from './problem.ts';
import { unknownNames } from './references.ts';
import { reporter } from './report.ts';
import { resolve } from './resolve/resolve.ts';
import { topology } from './schema/topology.ts';
import { unsupportedIn } from './unsupported.ts';

export interface Loaded {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  /** Keys that are right but not acted upon yet: `plan` and `apply` refuse them. */
  readonly unsupported: readonly Problem[];
}

/**
 * @param file The name shown in problems.
 * @param base Folder for relative paths; the file's own unless given.
 */
export function loadTopology(
  text: string,
  file: string,
  base: string = folderOf(file),
): Loaded | { readonly problems: readonly Problem[] } {
  const { root, findings: syntax } = readDocument(text);
  const findings: Finding[] = [...syntax];
  const named = (found: readonly Finding[]): Problem[] => inFileOrder(found).map((one) => ({ file, ...one }));
  // After a syntax error the tree is a guess: what else would be said of it could be wrong.
  if (root === null || syntax.length > 0) return { problems: named(findings) };
  const names = unknownNames(root);
  const top = topology.parse(root, findings);
  if (top === undefined) return { problems: named([...findings, ...names]) };
  const earlier = { values: [...findings], names };
  findings.push(...names);
  const report = reporter(root, findings);
  const config = resolve({ top, base, report });
  contradictions({ top, config, root, report }, earlier);
  if (findings.some(({ severity }) => severity === 'error')) return { problems: named(findings) };
  return { config, warnings: named(findings), unsupported: named(unsupportedIn(root)) };
}
