/** An agent that could be reached but did not answer as an agent does. */

export type AgentReason =
  | { readonly kind: 'not-running'; readonly why: string }
  | { readonly kind: 'not-installed' }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'too-large'; readonly limitBytes: number }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string };

/** Exit code 2: the host failed; 130: interrupted. */
export class AgentFailure extends Error {
  readonly director: string;
  readonly reason: AgentReason;
  readonly code: 2 | 130;
  readonly hints: readonly string[];

  constructor(director: string, reason: AgentReason, options?: ErrorOptions) {
    super(`${director}: ${sentenceFor(reason)}`, options);
    this.name = 'AgentFailure';
    this.director = director;
    this.reason = reason;
    this.code = reason.kind === 'aborted' ? 130 : 2;
    this.hints = hintsFor(director, reason);
  }
}

function sentenceFor(reason: AgentReason): string {
  switch (reason.kind) {
    case 'not-running':
      return `the agent does not run${reason.why ? ` (${reason.why})` : ''}`;
    case 'not-installed':
      return 'there is no agent on it';
    case 'timeout':
      return `the agent did not answer within ${reason.afterMs / 1000} s`;
    case 'aborted':
      return 'interrupted';
    case 'malformed':
      return `the agent's answer cannot be understood: ${reason.why}`;
    case 'too-large':
      return `the agent's answer is longer than ${reason.limitBytes} bytes`;
    case 'refused':
      return `the agent refused (${reason.status})${reason.why ? `: ${reason.why}` : ''}`;
  }
}

function hintsFor(director: string, { kind }: AgentReason): readonly string[] {
  if (kind === 'not-installed') return ['Run `lvsctl apply`.'];
  if (kind === 'not-running') return [`On ${director}: systemctl status lvs-agent; journalctl -u lvs-agent`];
  return kind === 'malformed' ? ['Agent and lvsctl may be of different versions: run `lvsctl apply`.'] : [];
}
