/**
 * What is offered to a host to prove who we are, in which order: the identity files, then the agent, then a password.
 * ssh2 asks for one method after the other; there is no `none` probe, which would cost a round trip.
 */
import { readFile } from 'node:fs/promises';
// CommonJS: Node sees only some of its exports by name.
import ssh2, { type AnyAuthMethod, type AuthHandlerMiddleware, type ParsedKey } from 'ssh2';
import type { HostConnection } from './connection.ts';

export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** What has been offered so far, in words. */
  readonly tried: readonly string[];
  /** Identity files that could not be used, and why. */
  readonly unusable: readonly UnusableKey[];
}

export interface UnusableKey {
  readonly file: string;
  readonly why: string;
}

/** Asks a person for the passphrase of a key file; null: nobody there, or no wish to tell. */
export type AskPassphrase = (file: string) => Promise<string | null>;

export interface Keyring {
  /** The private key in a file; undefined if there is no such file. Read once a run. */
  load(file: string): Promise<ParsedKey | UnusableKey | undefined>;
}

export function keyring(askPassphrase: AskPassphrase = async () => null): Keyring {
  const loaded = new Map<string, Promise<ParsedKey | UnusableKey | undefined>>();
  return {
    load(file) {
      const key = loaded.get(file) ?? loadKey(file, askPassphrase);
      loaded.set(file, key);
      return key;
    },
  };
}

export async function loginFor(host: HostConnection, keys: Keyring): Promise<Login> {
  const unusable: UnusableKey[] = [];
  const offers: { readonly label: string; readonly method: AnyAuthMethod }[] = [];
  for (const file of host.identities) {
    const key = await keys.load(file);
    if (key === undefined) continue;
    if ('why' in key) unusable.push(key);
    else offers.push({ label: `key ${file}`, method: { type: 'publickey', username: host.user, key } });
  }
  if (host.agentSocket !== null) {
    const only = host.identitiesOnly ? await publicHalves(host.identities) : null;
    const agent = new ChosenAgent(host.agentSocket, only);
    offers.push({ label: 'the keys of the agent', method: { type: 'agent', username: host.user, agent } });
  }
  if (host.password !== null) {
    offers.push({ label: 'a password', method: { type: 'password', username: host.user, password: host.password } });
  }
  if (host.password !== null) {
    offers.push({ label: 'a password when asked', method: questionsWith(host.user, host.password) });
  }
  const tried: string[] = [];
  const remaining = offers[Symbol.iterator]();
  const handler: AuthHandlerMiddleware = (_methodsLeft, _partialSuccess, next) => {
    const offer = remaining.next();
    if (offer.done) return refuse(next);
    tried.push(offer.value.label);
    next(offer.value.method);
  };
  return { handler, tried, unusable };
}

/** Servers that ask by PAM alone (RFC 4256): one question without echo is the one for the password. */
function questionsWith(username: string, password: string): AnyAuthMethod {
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _instructions, _language, questions, finish) =>
      finish(questions.map(({ echo }) => (echo === true ? '' : password))),
  };
}

/** `false` ends the attempts; the types of ssh2 do not know it. */
function refuse(next: (method: never) => void): void {
  next(false as never);
}

async function loadKey(file: string, ask: AskPassphrase): Promise<ParsedKey | UnusableKey | undefined> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => error);
  if (bytes instanceof Error)
    return bytes.code === 'ENOENT' ? undefined : { file, why: `cannot be read (${bytes.code})` };
  const key = firstOf(ssh2.utils.parseKey(bytes));
  if (!(key instanceof Error)) return privateOr(key, file);
  if (!/encrypted|passphrase/i.test(key.message)) return { file, why: 'is no private key that can be used' };
  const passphrase = await ask(file);
  if (passphrase === null) return { file, why: 'needs a passphrase' };
  const unlocked = firstOf(ssh2.utils.parseKey(bytes, passphrase));
  return unlocked instanceof Error ? { file, why: 'does not open with this passphrase' } : privateOr(unlocked, file);
}

function privateOr(key: ParsedKey, file: string): ParsedKey | UnusableKey {
  return key.isPrivateKey() ? key : { file, why: 'is a public key; the private one is needed' };
}

/** An OpenSSH file may hold several keys; ssh2 then returns an array, which its types do not say. */
function firstOf(parsed: ParsedKey | Error): ParsedKey | Error {
  return Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed;
}

/** The public keys beside identity files: what IdentitiesOnly lets the agent offer, encrypted keys included. */
async function publicHalves(files: readonly string[]): Promise<Buffer[]> {
  const texts = await Promise.all(files.map((file) => readFile(`${file}.pub`).catch(() => undefined)));
  return texts.flatMap((text) => {
    const key = text === undefined ? undefined : firstOf(ssh2.utils.parseKey(text));
    return key === undefined || key instanceof Error ? [] : [key.getPublicSSH()];
  });
}

/** An agent whose keys are narrowed to some; null: all. */
class ChosenAgent extends ssh2.OpenSSHAgent {
  readonly #only: readonly Buffer[] | null;

  constructor(socket: string, only: readonly Buffer[] | null) {
    super(socket);
    this.#only = only;
  }

  override getIdentities(callback: Parameters<ssh2.OpenSSHAgent['getIdentities']>[0]): void {
    super.getIdentities((error, keys) => {
      const only = this.#only;
      if (only === null || keys === undefined) return callback(error, keys);
      callback(
        error,
        keys.filter((key) => only.some((wanted) => wanted.equals((key as ParsedKey).getPublicSSH()))),
      );
    });
  }
}
