/** What is measured inside the virtual machine. */
import type { Lateness } from '../director/lateness.ts';

/** Of this process: wall time, and processor time with what the kernel does in its name. */
export interface Taken {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export interface IpvsRound {
  /** The whole table, by netlink alone. */
  readonly program: Taken;
  /** The same as the agent does it: read, compared, remembered, sent, read again. */
  readonly reconcile: Taken;
  /** Read and compared; there is nothing to send. */
  readonly unchanged: readonly Taken[];
  /** `ipvsadm -R` of the same table. */
  readonly restoreMs: number;
  /** Whether ipvsadm made the table that we made, as ipvsadm sees it. */
  readonly isEqual: boolean;
  /** Services and destinations. */
  readonly lines: number;
}

/** One service of very many realservers. */
export interface BigService {
  readonly realservers: number;
  readonly program: Taken;
  readonly read: Taken;
  readonly unchanged: Taken;
  readonly oneWeight: Taken;
  readonly restoreMs: number;
  readonly isRight: boolean;
}

/** Both processes on the table of the rounds. */
export interface Served {
  /** From the supervisor's start to the whole table. */
  readonly startMs: number;
  /** From the moment that something else has emptied the table. */
  readonly mendMs: number;
  /** Of the supervisor, which compares once a second and finds nothing. */
  readonly cpuMsASecond: number;
  readonly memoryMb: number;
  /** The VRRP process without a supervisor beside it. */
  readonly lateQuiet: Lateness;
  readonly lateProgramming: Lateness;
  readonly lateSteady: Lateness;
  readonly lateMending: Lateness;
}

export interface IpvsFigures {
  readonly rounds: readonly IpvsRound[];
  readonly big: BigService | null;
  readonly served: Served | null;
}
