/** `lvsctl explain KEY`: what a key means, what it is when left out, and why. */
import { Command } from 'commander';
import { explainKey, type KeyDoc } from '../config/explain.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type GlobalOptions } from '../output/output.ts';
import type { Style } from '../output/style.ts';

export function explainCommand(): Command {
  return new Command('explain')
    .description("Prints a topology key's meaning, default, the reason for the default, and an example.")
    .argument('<key>', 'a key, with as much of its path as you like')
    .addHelpText(
      'after',
      `
Examples:
  lvsctl explain advert_interval
  lvsctl explain vrrp.garp.refresh
  lvsctl explain services                the keys of a section`,
    )
    .action((key: string, _options: unknown, command: Command) => {
      const output = createOutput(command.optsWithGlobals<GlobalOptions>());
      const { found, suggestion } = explainKey(key);
      if (found.length === 0) {
        const hint = suggestion === null ? '`lvsctl explain services` lists keys' : `did you mean '${suggestion}'?`;
        throw new Failure(5, `the topology has no key '${key}'`, [hint]);
      }
      output.document(found);
      output.text(found.map((doc) => keyText(doc, output.style)).join('\n\n'));
    });
}

function keyText(doc: KeyDoc, style: Style): string {
  const [path = '', ...others] = doc.paths;
  const rows: readonly (readonly [string, string | null])[] = [
    ['expected', doc.expected],
    ['default', doc.required ? 'none: it is required' : doc.default],
    ['reason', doc.reason],
    ['example', `${path.split('.').at(-1)}: ${doc.example}`],
    ['keys', doc.keys.length === 0 ? null : doc.keys.join(', ')],
    ['also', others.length === 0 ? null : others.join(', ')],
  ];
  const lines = rows.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(9)} ${text}`]));
  return [style.bold(path), `  ${doc.meaning}`, ...lines].join('\n');
}
