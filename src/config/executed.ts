/** Which files a command executes. */
import type { Argv } from './instance.ts';

const INTERPRETER = /^((ba|da|a|k|z)?sh|python[\d.]*|perl[\d.]*|ruby[\d.]*|lua[\d.]*|php[\d.]*|node|tclsh[\d.]*)$/;

/** The program; of an interpreter its script, too, where that is named by an absolute path. */
export function executedBy([program = '', ...rest]: Argv): string[] {
  const script = INTERPRETER.test(program.slice(program.lastIndexOf('/') + 1))
    ? rest.find((word) => !word.startsWith('-'))
    : undefined;
  return script?.startsWith('/') ? [program, script] : [program];
}
