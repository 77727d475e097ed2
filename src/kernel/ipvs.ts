/** The kernel's IPVS table: read whole, changed in batches. */
import type { DestinationEntry, IpvsChange, IpvsTimeouts, ServiceEntry, ServiceId, SyncDaemon } from '../wire/ipvs.ts';
import type { KernelError } from './kernel-error.ts';

export interface IpvsInfo {
  /** `1.2.1`. */
  readonly version: string;
  /** Buckets of the connection table. */
  readonly connectionTableSize: number;
}

/** All reads reject with IpvsNotLoadedError when the module is missing, with KernelError otherwise. */
export interface Ipvs {
  info(): Promise<IpvsInfo>;
  read(): Promise<readonly ServiceEntry[]>;
  /** Of one service; none where there is no such service. */
  destinations(id: ServiceId): Promise<readonly DestinationEntry[]>;
  /**
   * Applies every change in order; one that fails does not stop the rest.
   * @returns one entry a change: undefined when it was done.
   */
  apply(changes: readonly IpvsChange[]): Promise<readonly (KernelError | undefined)[]>;
  flush(): Promise<void>;
  timeouts(): Promise<IpvsTimeouts>;
  /** A null leaves that timeout as it is. */
  setTimeouts(timeouts: { readonly [Key in keyof IpvsTimeouts]: number | null }): Promise<void>;
  daemons(): Promise<readonly SyncDaemon[]>;
  startDaemon(daemon: SyncDaemon): Promise<void>;
  /** Stopping one that does not run is no error. */
  stopDaemon(role: SyncDaemon['role'], id: number): Promise<void>;
  close(): void;
}
