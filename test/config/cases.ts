/**
 * Cases as data: cases/*.yaml hold topologies separated by `--- # title`; lines that begin with `#! ` are the problems that
 * each must have, as `validate` prints them without the file's name. Lines are counted from the line after the title.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';

export interface Case {
  readonly title: string;
  readonly text: string;
  readonly expected: readonly string[];
}

export function casesIn(pattern: string, folder: string): Case[] {
  return globSync(pattern, { cwd: folder })
    .sort()
    .flatMap((file) => split(readFileSync(resolve(folder, file), 'utf8'), basename(file, '.yaml')));
}

function split(text: string, file: string): Case[] {
  const [, ...parts] = text.split(/^--- # (.*)\n/m);
  const cases: Case[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const lines = (parts[index + 1] ?? '').split('\n');
    const isExpectation = (line: string): boolean => line.startsWith('#! ');
    cases.push({
      title: `${file}: ${parts[index]}`,
      text: lines.filter((line) => !isExpectation(line)).join('\n'),
      expected: lines.filter(isExpectation).map((line) => line.slice(3)),
    });
  }
  return cases;
}
