import type { Reporter } from '../report.ts';
import type { RawTopology } from '../schema/topology.ts';

/** What every resolver needs. */
export interface Resolving {
  readonly top: RawTopology;
  /** Folder that relative paths are relative to. */
  readonly base: string;
  readonly report: Reporter;
}
