import type { Config } from '../config.ts';
import type { Raw } from '../raw.ts';
import type { Reporter } from '../report.ts';
import type { RawTopology } from '../schema/topology.ts';

export interface Context {
  readonly top: RawTopology;
  readonly config: Config;
  readonly root: Raw;
  readonly report: Reporter;
}

export interface Rule {
  readonly reads: readonly string[];
  readonly check: (context: Context) => void;
}
