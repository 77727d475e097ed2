/**
 * An operation looks at what is wanted and what is there and says which commands make up the difference, or why none are
 * needed. It runs nothing: `plan` shows its changes, `apply` sends its commands.
 */
import type { Digest } from '../desired/managed.ts';
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Command, Secret } from '../shell/command.ts';

export interface Change {
  /** `!`: how something changes that a person should know of. */
  readonly sign: '+' | '~' | '-' | '!';
  /** What is added, changed or removed. */
  readonly what: string;
  /** Why, one clause. */
  readonly why: string;
}

export type Outcome =
  | { readonly changes: readonly Change[]; readonly commands: readonly Command[] }
  | { readonly nothing: string };

export interface Context {
  readonly digest: Digest;
  /** Hash of the release that directors shall run; null on hosts without an agent. */
  readonly release: string | null;
  /** Hash of what the VRRP process of that release is made of. */
  readonly vrrpParts: string | null;
  readonly configHash: string;
  /** The generation that the configuration has, or gets if it is new. */
  readonly generation: number;
  /**
   * The key that directors shall share, by its fingerprint; a null id: a new one is made. Its file only while it is applied.
   * null: none can be made, because not every director can be read.
   */
  readonly exchange: { readonly id: string | null; readonly file: Secret | null } | null;
  /** Instances are held while the directors change (src/playbook/pinning.ts). */
  readonly pinned: boolean;
}

export interface Operation {
  readonly name: string;
  decide(wanted: Wanted, facts: HostFacts, context: Context): Outcome;
}

/** Changes with commands, or the reason for nothing where there are neither. */
export function outcome(changes: readonly Change[], commands: readonly Command[], nothing: string): Outcome {
  return changes.length === 0 && commands.length === 0 ? { nothing } : { changes, commands };
}

export function run(...argv: readonly string[]): Command {
  return { kind: 'run', argv };
}
