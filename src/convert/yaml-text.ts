/** A draft as YAML in the style of the topologies that ship: sections and names on lines of their own, the rest in a line. */
import { stringify } from 'yaml';
import type { Draft, Entry } from './draft.ts';

const WIDTH = 110;

export function yamlText(root: Draft): string {
  if (root.kind !== 'map') return `${flow(root)}\n`;
  return `${root.entries.map((section) => lines(section, '', 0).join('\n')).join('\n\n')}\n`;
}

function lines({ key, draft, comment }: Entry, indent: string, depth: number): string[] {
  const above = comment === null ? [] : comment.split('\n').map((line) => `${indent}# ${line}`);
  const name = `${indent}${scalar(key)}:`;
  const inline = `${name} ${flow(draft)}`;
  const isShort = inline.length <= WIDTH && !hasComments(draft);
  if (draft.kind === 'value' || (isShort && depth > 0) || isEmpty(draft)) return [...above, inline];
  const below = draft.kind === 'map' ? draft.entries.flatMap((one) => lines(one, `${indent}  `, depth + 1)) : [];
  const items =
    draft.kind === 'list' ? draft.items.flatMap((item) => itemLines(item.draft, `${indent}  `, depth + 1)) : [];
  return [...above, name, ...below, ...items];
}

/** A long mapping goes over several lines, the first of them with the dash. */
function itemLines(draft: Draft, indent: string, depth: number): string[] {
  const inline = `${indent}- ${flow(draft)}`;
  if (draft.kind !== 'map' || inline.length <= WIDTH) return [inline];
  const [first = '', ...rest] = draft.entries.flatMap((one) => lines(one, `${indent}  `, depth + 1));
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

function isEmpty(draft: Draft): boolean {
  return draft.kind !== 'value' && (draft.kind === 'list' ? draft.items : draft.entries).length === 0;
}

function hasComments(draft: Draft): boolean {
  return draft.kind === 'map' && draft.entries.some((one) => one.comment !== null || hasComments(one.draft));
}

/** In one line. */
function flow(draft: Draft): string {
  if (draft.kind === 'value') return scalar(draft.value);
  if (draft.kind === 'list') return `[${draft.items.map((item) => flow(item.draft)).join(', ')}]`;
  if (draft.entries.length === 0) return '{}';
  return `{ ${draft.entries.map((one) => `${scalar(one.key)}: ${flow(one.draft)}`).join(', ')} }`;
}

/** Safe within brackets too; `listen: 10.0.0.1:80` and paths need no quotes. */
function scalar(of: string | number | boolean): string {
  if (typeof of !== 'string') return String(of);
  if (/^[A-Za-z0-9/_][A-Za-z0-9._/+-]*(:\d+[A-Za-z0-9._/+-]*)?$/.test(of) && isText(of)) return of;
  return JSON.stringify(of).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, escaped);
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** YAML reads it as the text that it is: no number, no date, no `no`. */
function isText(word: string): boolean {
  return stringify(word) === `${word}\n` && !/^\d+:\d+$/.test(word);
}
