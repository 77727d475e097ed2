/**
 * Steps → the text of one run. Each step is a function, called with nothing on its stdin, between two frames on stdout
 * and stderr; frames carry a nonce made for this run, so no output can fake one. The text is one compound command: `sh`
 * runs nothing of it until its last line has come.
 */

import { quote } from './quote.ts';
import { changedFolder, renderForWire } from './render.ts';
import type { Step } from './step.ts';

/** What a nonce looks like: 16 random bytes in hexadecimal, made by the caller, who has the random numbers. */
const NONCE = /^[0-9a-f]{32}$/;

/**
 * @throws UnsendableError, UnquotableError: nothing was sent then.
 */
export function scriptText(steps: readonly Step[], nonce: string): string {
  if (!NONCE.test(nonce)) throw new RangeError('a nonce is 32 hexadecimal digits');
  const parts = steps.map((step, index) => stepText(step, index));
  return `{\nlvs_nonce=${nonce}\nlvs_result=0\n${parts.join('')}${settle(steps)}lvs_mark Z - - -\n}\n`;
}

/**
 * A rename outlives a power cut only when its folder is on the disk: one `sync` of all folders for the whole run (the
 * files were before their renames). Never a `sync` of everything, which hangs with a dead NFS server.
 */
function settle(steps: readonly Step[]): string {
  const commands = steps.flatMap((step) => ('commands' in step ? step.commands : []));
  const folders = new Set(commands.flatMap((command) => changedFolder(command) ?? []));
  return folders.size === 0 ? '' : `sync ${[...folders].map(quote).join(' ')} 2>/dev/null\n`;
}

function stepText(step: Step, index: number): string {
  return `if [ "$lvs_result" = 0 ]; then
lvs_step() {
${bodyOf(step)}}
lvs_at=-
lvs_mark B ${index} - -
lvs_step </dev/null
lvs_result=$?
lvs_mark E ${index} "$lvs_result" "$lvs_at"
fi
`;
}

function bodyOf(step: Step): string {
  if ('text' in step) {
    if (step.text.includes('\0')) throw new RangeError(`step ${step.name}: NUL byte in its text`);
    return step.isolated ? `(\n${step.text}\n)\n` : `${step.text}\n`;
  }
  if (step.commands.length === 0) return ':\n';
  return step.commands.map((command, index) => `lvs_at=${index}\n${renderForWire(command)}`).join('');
}
