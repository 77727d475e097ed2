/** A request that the kernel refused: the facts, and the one place that puts them into words. */
import { getSystemErrorName } from 'node:util';

export interface KernelErrorFacts {
  /** What was asked, as a verb with its object's kind: `add address`, `read IPVS table`. */
  readonly operation: string;
  /** On what: `10.77.1.100/32 dev eth1`, `tcp 10.77.1.100:80`. */
  readonly target: string;
  /** Positive errno, 0 when the kernel gave none. */
  readonly errno: number;
  /** The kernel's own words (netlink extended acknowledgement), or ours where it has none. */
  readonly detail?: string | undefined;
}

export class KernelError extends Error {
  readonly operation: string;
  readonly target: string;
  readonly errno: number;
  /** `ENOENT`; `ERROR` without an errno. */
  readonly code: string;
  readonly detail: string | undefined;

  constructor(facts: KernelErrorFacts) {
    const code = errnoName(facts.errno);
    const reason = facts.detail === undefined ? code : facts.errno === 0 ? facts.detail : `${facts.detail} (${code})`;
    super(`cannot ${facts.operation}${facts.target === '' ? '' : ` ${facts.target}`}: ${reason}`);
    this.name = 'KernelError';
    this.operation = facts.operation;
    this.target = facts.target;
    this.errno = facts.errno;
    this.code = code;
    this.detail = facts.detail;
  }
}

/** The kernel's IPVS family is missing: the module `ip_vs` is not loaded (or not built). */
export class IpvsNotLoadedError extends KernelError {
  constructor(operation: string) {
    super({ operation, target: '', errno: 0, detail: 'ip_vs is not loaded; load it: modprobe ip_vs' });
    this.name = 'IpvsNotLoadedError';
  }
}

/** `ENODEV` of 19. */
export function errnoName(errno: number): string {
  if (errno === 0) return 'ERROR';
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}
