/** `lvsctl import`: keepalived.conf → a topology on stdout, and on stderr everything that it does not carry. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import type { GivenAddress } from '../convert/keepalived/directors-section.ts';
import { type Imported, importKeepalived } from '../convert/keepalived/import.ts';
import { type Note, noteLine } from '../convert/keepalived/note.ts';
import type { Include } from '../convert/keepalived/statement.ts';
import { exitCodeOf } from '../output/exit-code.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type GlobalOptions, type Output } from '../output/output.ts';
import { printable } from '../output/printable.ts';
import { type Address, parseAddress } from '../wire/address.ts';
import { reasonOf } from './topology.ts';

interface ImportOptions extends GlobalOptions {
  readonly dip?: readonly string[];
  readonly name?: readonly string[];
  readonly cluster?: string;
}

const EXAMPLES = `
A pair's two files together give one topology with both priorities. Lines that say DECIDE want a person; what
keepalived.conf says besides is told on stderr, by file and line.

Examples:
  lvsctl import lb1=lb1.conf lb2=lb2.conf > topology.yaml
  lvsctl import lb1.conf lb2.conf --dip lb1:eth0=10.0.0.11 --dip lb2:eth0=10.0.0.12   speakers by multicast
  lvsctl import lb1.conf lb2.conf --name 10.0.0.21=web1 --name 10.0.0.22=web2
  lvsctl import /etc/keepalived/keepalived.conf --json | jq '.notes[] | select(.kind == "lost")'

Exit codes: 0 all is carried, 2 something is not (it is told), 5 the files cannot be read.`;

export function importCommand(): Command {
  const several = (one: string, before: readonly string[] = []) => [...before, one];
  return new Command('import')
    .description('Makes a topology of one or two keepalived.conf. Touches no host.')
    .argument('<files...>', 'FILE or DIRECTOR=FILE; FILE alone names the director by its own name')
    .option('--dip <director:interface=address>', "a director's own address, where its file does not say it", several)
    .option('--name <address=name>', 'the name of a realserver', several)
    .option('--cluster <name>', 'the name of the cluster')
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], _options, command: Command) => {
      process.exitCode = await run(files, command.optsWithGlobals<ImportOptions>());
    });
}

async function run(files: readonly string[], options: ImportOptions): Promise<number> {
  const output = createOutput(options);
  const named = files.map(namedFile);
  const imported = importKeepalived({
    files: await Promise.all(
      named.map(async ({ director, path }) => ({ director, file: { name: path, text: await readText(path) } })),
    ),
    include,
    addresses: (options.dip ?? []).map(givenAddress),
    names: new Map((options.name ?? []).map(givenName)),
    cluster: options.cluster ?? null,
  });
  return tell(imported, output);
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(5, `${path} cannot be read: ${reasonOf(error)}`, ['check the path'], { cause: error });
  });
}

/** As keepalived does: relative to the including file, with wildcards; but a file that is named and not there is told. */
const include: Include = (pattern, from) => {
  const folder = dirname(resolve(from));
  try {
    const found = globSync(pattern, { cwd: folder }).sort();
    if (found.length === 0 && !/[*?[{]/.test(pattern)) return 'there is no such file';
    const paths = found.map((one) => resolve(folder, one));
    const odd = paths.find((path) => !statSync(path).isFile());
    if (odd !== undefined) return `${odd} is no regular file`;
    return paths.map((path) => ({ name: path, text: readFileSync(path, 'utf8') }));
  } catch (error) {
    return reasonOf(error as NodeJS.ErrnoException);
  }
};

function tell({ topology, notes }: Imported, output: Output): number {
  if (topology === null) {
    output.document({ schema: 1, topology: null, notes, warnings: [] });
    // What is lost is the reason where nothing is left.
    const why = notes.filter(({ kind }) => kind === 'wrong' || kind === 'lost');
    for (const note of why) output.messages.write(`${printable(noteLine(note))}\n`);
    throw new Failure(5, 'nothing was imported', ['mend these lines, or write the topology by hand: lvsctl init']);
  }
  output.document({ schema: 1, topology: topology.text, notes, warnings: topology.warnings });
  output.text(topology.text.trimEnd());
  for (const [kind, title] of HEADINGS) {
    const some = notes.filter((note) => note.kind === kind);
    if (some.length === 0 || (kind === 'harmless' && output.verbosity < 0)) continue;
    output.note([title, ...some.map((note) => `  ${noteLine(note)}`)].join('\n'));
  }
  for (const { message, path } of topology.warnings) output.warn(`${path}: ${message}`);
  const lost = notes.some(({ kind }) => kind === 'lost');
  return exitCodeOf([lost ? 'differences' : 'done']);
}

const HEADINGS: readonly (readonly [Note['kind'], string])[] = [
  ['lost', 'Not carried over:'],
  ['decide', 'To decide:'],
  ['harmless', 'Not needed any more:'],
];

function namedFile(argument: string): { readonly director: string | null; readonly path: string } {
  const [, director, path] = /^([A-Za-z0-9][A-Za-z0-9._-]{0,62})=(.+)$/.exec(argument) ?? [];
  return director === undefined || path === undefined ? { director: null, path: argument } : { director, path };
}

function givenAddress(text: string): GivenAddress {
  const [, director, on, written = ''] = /^([^:=]+):([^=]+)=(.+)$/.exec(text) ?? [];
  const address = parseAddress(written);
  if (director !== undefined && on !== undefined && address !== undefined) return { director, interface: on, address };
  throw new Failure(5, `--dip '${text}' is not understood`, ['write it as lb1:eth0=10.0.0.11']);
}

function givenName(text: string): [Address, string] {
  const [, written = '', name] = /^([^=]+)=([A-Za-z0-9][A-Za-z0-9._-]{0,62})$/.exec(text) ?? [];
  const address = parseAddress(written);
  if (name !== undefined && address !== undefined) return [address, name];
  throw new Failure(5, `--name '${text}' is not understood`, ['write it as 10.0.0.21=web1']);
}
