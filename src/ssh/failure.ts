/** What can go wrong between us and a host: facts here, the words in words.ts. */
import { hintsFor, sentenceFor } from './words.ts';

export type Phase = 'resolve' | 'connect' | 'hostkey' | 'auth' | 'become' | 'channel' | 'command' | 'lost';

/** The reasons that have words of their own; `other` carries only its cause. */
export type Reason =
  | { readonly kind: 'other' }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'refused' | 'no-route' | 'unknown-name' | 'not-ssh' | 'closed' }
  | { readonly kind: 'proxy'; readonly command: string; readonly stderr: string }
  | { readonly kind: 'settings'; readonly why: string }
  | { readonly kind: 'algorithms' }
  | { readonly kind: 'no-way'; readonly through: string }
  | {
      readonly kind: 'hostkey-unknown';
      readonly fingerprint: string;
      readonly type: string;
      readonly lookup: string;
      readonly files: readonly string[];
    }
  | {
      readonly kind: 'hostkey-changed';
      readonly fingerprint: string;
      readonly type: string;
      readonly lookup: string;
      readonly places: readonly string[];
    }
  | { readonly kind: 'hostkey-revoked'; readonly fingerprint: string; readonly place: string }
  | { readonly kind: 'auth-refused'; readonly user: string; readonly tried: readonly string[] }
  | { readonly kind: 'key-unusable'; readonly file: string; readonly why: string }
  | {
      readonly kind:
        | 'become-password'
        | 'become-password-refused'
        | 'become-forbidden'
        | 'become-tty'
        | 'become-missing';
    }
  | {
      readonly kind: 'shell-ended';
      readonly step: string | null;
      readonly exitCode: number | null;
      readonly stderr: string;
    }
  | { readonly kind: 'upload'; readonly path: string; readonly stderr: string }
  | { readonly kind: 'file'; readonly file: string; readonly why: string };

export interface FailureFacts {
  readonly host: string;
  /** `address:port` as dialled. */
  readonly target: string;
  /** How it becomes root, for the words. */
  readonly become?: string;
  readonly phase: Phase;
  readonly reason: Reason;
  readonly cause?: unknown;
}

/**
 * A host could not be reached, entered or worked on. `code` is the exit code it stands for by itself (4 unreachable,
 * 7 host key or authentication refused, 2 the host failed, 130 interrupted); `message` is one sentence with host and
 * cause, `hints` the next steps.
 */
export class ConnectionFailure extends Error {
  readonly facts: FailureFacts;
  readonly code: 2 | 4 | 7 | 130;
  readonly hints: readonly string[];

  constructor(facts: FailureFacts) {
    super(sentenceFor(facts), { cause: facts.cause });
    this.name = 'ConnectionFailure';
    this.facts = facts;
    this.code = codeFor(facts);
    this.hints = hintsFor(facts);
  }

  get host(): string {
    return this.facts.host;
  }

  get phase(): Phase {
    return this.facts.phase;
  }
}

function codeFor({ phase, reason }: FailureFacts): 2 | 4 | 7 | 130 {
  if (reason.kind === 'aborted') return 130;
  if (phase === 'hostkey' || phase === 'auth' || phase === 'become') return 7;
  if (phase === 'resolve' || phase === 'connect') return 4;
  return 2;
}
