/**
 * ~/.ssh/config and /etc/ssh/ssh_config: read with their Includes, and asked for one host. What OpenSSH would run to
 * find out (`Match exec`) is not run.
 */
import { globSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';

/** The first value of each keyword that holds for the host, keywords in lower case. */
export type HostKeywords = Readonly<Record<string, readonly string[]>>;

export interface SshConfigFiles {
  keywordsFor(host: string, user?: string): HostKeywords;
}

/** OpenSSH's own limit of nested Includes. */
const DEEPEST_INCLUDE = 16;

export function readSshConfig(home: string): SshConfigFiles {
  const user = textWithIncludes(join(home, '.ssh/config'), join(home, '.ssh'), home, 0);
  const system = textWithIncludes('/etc/ssh/ssh_config', '/etc/ssh', home, 0);
  return sshConfigFrom(`${user}\nHost *\n${system}`);
}

export function sshConfigFrom(text: string): SshConfigFiles {
  const config = SSHConfig.parse(text);
  return {
    keywordsFor(host, user) {
      const query = user === undefined ? { Host: host } : { Host: host, User: user };
      const found = config.compute(query, { ignoreCase: true, matchExec: false });
      return Object.fromEntries(
        Object.entries(found).map(([keyword, value]) => [keyword, Array.isArray(value) ? value : [value]]),
      );
    },
  };
}

/** A file that is not there is empty; after an Include the block it stood in goes on. */
function textWithIncludes(file: string, folder: string, home: string, depth: number): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return '';
  }
  let block = 'Host *';
  const lines = text.split(/\r?\n/).map((line) => {
    if (/^\s*(host|match)[\s=]/i.test(line)) block = line;
    const include = /^\s*include[\s=]+(.*)$/i.exec(line)?.[1];
    if (include === undefined) return line;
    if (depth >= DEEPEST_INCLUDE) return '';
    const files = wordsOf(include).flatMap((pattern) => globSync(placeOf(pattern, folder, home)).sort());
    return [...files.map((path) => textWithIncludes(path, folder, home, depth + 1)), block].join('\n');
  });
  return lines.join('\n');
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function placeOf(path: string, folder: string, home: string): string {
  if (path.startsWith('~/')) return join(home, path.slice(2));
  return isAbsolute(path) ? path : join(folder, path);
}
