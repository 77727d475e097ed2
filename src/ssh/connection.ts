/**
 * The seam between the provisioner and SSH: everything above it sees hosts as things that run scripts, take files and
 * open streams. Every wait ends by its timeout or its signal; every failure is a ConnectionFailure.
 */
import type { Duplex, Readable } from 'node:stream';
import type { ScriptResult, Step, StepResult } from '../shell/step.ts';

/** How one host is reached; made by resolveHost from inventory, topology and ssh_config. */
export interface HostConnection {
  /** The name people know it by; in every message. */
  readonly name: string;
  /** What is dialled. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private key files, in the order in which they are tried. */
  readonly identities: readonly string[];
  /** Whether the keys of the agent that no identity names are kept back (ssh_config IdentitiesOnly). */
  readonly identitiesOnly: boolean;
  /** Socket of the SSH agent, or null. */
  readonly agentSocket: string | null;
  /** A login password (inventory only), or null. */
  readonly password: string | null;
  /** Run by /bin/sh; its stdin and stdout are the connection. Tokens are already replaced. */
  readonly proxyCommand: string | null;
  /** Hosts to hop through, the first one dialled first. */
  readonly jumps: readonly HostConnection[];
  readonly knownHostsFiles: readonly string[];
  /** The name looked up in the known_hosts files (ssh_config HostKeyAlias, else the address). */
  readonly hostKeyName: string;
  readonly hostKeyPolicy: HostKeyPolicy;
  readonly become: 'none' | 'sudo' | 'doas';
  readonly becomePassword: string | null;
}

/** strict: only known keys; accept-new: unknown ones are learned, changed ones refused; off: anything goes. */
export type HostKeyPolicy = 'strict' | 'accept-new' | 'off';

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** From the dial to the end of authentication. @default 20000 */
  readonly connectTimeoutMs?: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** For the whole script; after it the connection is given up, for the shell can no longer be trusted. @default 120000 */
  readonly timeoutMs?: number;
  /** Called as each step ends. */
  readonly onStep?: (result: StepResult, index: number) => void;
}

export interface OpenOptions {
  readonly signal?: AbortSignal;
  /** Until the program runs. @default 15000 */
  readonly timeoutMs?: number;
  /** Run it as root by the host's `become`. @default true */
  readonly become?: boolean;
}

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** @default 600000 */
  readonly timeoutMs?: number;
  /** Exact length in bytes: what arrives shorter is removed again. */
  readonly size: number;
  /** @default 0o600 */
  readonly mode?: number;
  /** Called with the bytes that have left so far. */
  readonly onProgress?: (sentBytes: number) => void;
}

export interface Connection {
  readonly host: HostConnection;
  /**
   * Runs steps in the persistent root shell. A step that fails is a result, not an exception.
   * @throws ConnectionFailure when the host, the connection or the shell fails.
   */
  runScript(steps: readonly Step[], options?: RunOptions): Promise<ScriptResult>;
  /**
   * Writes a file as root; on any failure, a cut connection included, nothing is left at `path`. Not atomic: upload to a
   * temporary name, then verify and rename by script.
   */
  upload(path: string, source: Buffer | Readable, options: UploadOptions): Promise<void>;
  /** Runs a program; the stream is its stdin and stdout. It ends with the program; stderr is told by an error if it fails. */
  open(argv: readonly string[], options?: OpenOptions): Promise<Duplex>;
  /** Ends it; safe to call twice. */
  close(): Promise<void>;
}

export type Connect = (host: HostConnection, options?: ConnectOptions) => Promise<Connection>;
