/** Shapes of secrets, paths and commands. */
import type { SecretSource } from '../config.ts';
import type { Argv } from '../instance.ts';
import { scalar, word } from './scalars.ts';
import { list, mapped, miss, type Shape } from './shape.ts';

const REFERENCE = /^\$\{(env|file|cmd):([^}]+)\}$/;

/** `${env:NAME}`, `${file:path}`, `${cmd:command line}` as the whole value, or the secret itself. */
export const secret = scalar<SecretSource>(
  'a secret: ${env:NAME}, ${file:path}, ${cmd:command}, or the text itself',
  { type: 'string' },
  (raw) => {
    if (typeof raw.value !== 'string') return undefined;
    const [, source, value] = REFERENCE.exec(raw.value) ?? [];
    if (source !== undefined && value !== undefined) return { source: source as 'env' | 'file' | 'cmd', value };
    if (/(?<!\$)\$\{/.test(raw.value)) return { because: 'holds a reference that is not the whole value' };
    return raw.value === '' ? undefined : { source: 'literal', value: raw.value.replaceAll('$${', '${') };
  },
);

const words = list(word, 1);
const COMMAND = 'a command as a list: the absolute path of a program, then its arguments';

/** A program, by its absolute path, and its arguments. There is no shell. */
export const argv: Shape<Argv> = {
  ...mapped(words, (value): Argv => value),
  expected: COMMAND,
  parse(raw, findings) {
    if (raw.kind !== 'list' || raw.items.length === 0) return miss(raw, COMMAND, findings);
    const value = words.parse(raw, findings);
    const [program] = raw.items;
    if (value === undefined || value[0] === undefined) return undefined;
    if (value[0].startsWith('/') || program === undefined) return value;
    findings.push({
      ...program.position,
      path: program.path,
      message: `'${value[0]}' is not an absolute path`,
      expected: 'the absolute path of a program: there is no shell and no PATH',
      suggestion: null,
      severity: 'error',
    });
    return undefined;
  },
};
