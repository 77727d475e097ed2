/** `lvsctl init`: a commented topology and inventory to start from. Never writes over a file. */
import { mkdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { Failure } from '../output/failure.ts';
import { createOutput } from '../output/output.ts';
import { STARTER_INVENTORY, STARTER_TOPOLOGY } from './starter.ts';
import { reasonOf } from './topology.ts';

const FILES: readonly (readonly [name: string, content: string])[] = [
  ['topology.yaml', STARTER_TOPOLOGY],
  ['inventory.yaml', STARTER_INVENTORY],
];

export function initCommand(): Command {
  return new Command('init')
    .description('Writes a commented topology.yaml and inventory.yaml to start from. Never writes over a file.')
    .argument('[dir]', 'where to write them; made if it is missing', '.')
    .addHelpText('after', '\nExample:\n  lvsctl init my-cluster && lvsctl validate my-cluster/topology.yaml')
    .action(init);
}

async function init(dir: string, _options: unknown, command: Command): Promise<void> {
  const output = createOutput(command.optsWithGlobals());
  const paths = FILES.map(([name]) => join(dir, name));
  for (const path of paths) {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists) throw new Failure(5, `${path} is there already`, ['choose another folder: lvsctl init DIR']);
  }
  await writeAll(dir).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(5, `${dir} cannot be written: ${reasonOf(error)}`, [], { cause: error });
  });
  output.document({ files: paths });
  output.text(paths.map((path) => `wrote ${path}`).join('\n'));
  output.note(`next: put your addresses in, then lvsctl validate ${join(dir, 'topology.yaml')}`);
}

/** Both files or none; `wx` holds against a file that appears meanwhile. */
async function writeAll(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const written: string[] = [];
  try {
    for (const [name, content] of FILES) {
      await writeFile(join(dir, name), content, { flag: 'wx' });
      written.push(join(dir, name));
    }
  } catch (error) {
    await Promise.all(written.map((path) => unlink(path)));
    throw error;
  }
}
