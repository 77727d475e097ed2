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
  /** Other sections that must be free of errors, or the rule would find fault with what it does not see. */
  readonly needs: readonly string[];
  /** Whether a name that leads nowhere counts as such an error. */
  readonly followsNames?: true;
  readonly check: (context: Context) => void;
}
