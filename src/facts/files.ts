/** Managed files: what is in them, whether they carry our header, and what they record. */
import type { Texts } from './texts.ts';

export interface FileFacts {
  readonly content: string;
  /** The hash that its header states for the body; null: it has no header of ours. */
  readonly managed: string | null;
}

/** How our files are known. */
export interface Marks {
  /** A header begins with it; it is on line 1, or on line 2 below a `#!`. */
  readonly header: string;
  readonly record: string;
}

export function filesIn(texts: Texts, paths: readonly string[], { header }: Marks): Record<string, FileFacts> {
  return Object.fromEntries(
    paths.flatMap((path) => {
      const content = texts[path];
      if (content === undefined) return [];
      const line = content.split('\n', 2).find((one) => one.startsWith(header));
      return [[path, { content, managed: line === undefined ? null : (/ ([0-9a-f]{64})$/.exec(line)?.[1] ?? null) }]];
    }),
  );
}

/** Record lines of all files that are ours, without the mark. */
export function recordsIn(files: Readonly<Record<string, FileFacts>>, { record }: Marks): string[] {
  const start = `${record} `;
  return Object.values(files)
    .filter(({ managed }) => managed !== null)
    .flatMap(({ content }) => content.split('\n').filter((line) => line.startsWith(start)))
    .map((line) => line.slice(start.length));
}
