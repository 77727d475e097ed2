/**
 * Every operation, in the order in which a host performs them: first what is taken away (VIPs before the sysctls that keep
 * them silent, and both before the file that records them), then what is added (tunnels with their sysctls before VIPs), then what
 * serves.
 */
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Step } from '../shell/step.ts';
import { agent } from './agent.ts';
import { exchangeKey } from './exchange-key.ts';
import { files } from './files.ts';
import { leftHolds } from './holds.ts';
import { modules } from './modules.ts';
import type { Change, Context, Operation } from './operation.ts';
import { realserverUnit } from './realserver-unit.ts';
import { release } from './release.ts';
import { addReturnRoute, removeReturnRoute } from './return-route.ts';
import { scriptUser } from './script-user.ts';
import { segmentSize } from './segment-size.ts';
import { restoreSysctls, setSysctls } from './sysctls.ts';
import { addTunnels, removeTunnels } from './tunnels.ts';
import { addVips, removeVips } from './vips.ts';

const OPERATIONS: readonly Operation[] = [
  removeVips,
  removeTunnels,
  removeReturnRoute,
  restoreSysctls,
  segmentSize,
  files,
  modules,
  addTunnels,
  setSysctls,
  addVips,
  addReturnRoute,
  realserverUnit,
  scriptUser,
  release,
  exchangeKey,
  agent,
  leftHolds,
];

export interface Decision {
  readonly changes: readonly Change[];
  /** One a operation that has commands. */
  readonly steps: readonly Step[];
  /** Operation → why it has nothing to do. */
  readonly reasons: Readonly<Record<string, string>>;
}

export function decide(wanted: Wanted, facts: HostFacts, context: Context): Decision {
  const outcomes = OPERATIONS.map((operation) => [operation.name, operation.decide(wanted, facts, context)] as const);
  return {
    changes: outcomes.flatMap(([, outcome]) => ('changes' in outcome ? outcome.changes : [])),
    steps: outcomes.flatMap(([name, outcome]) =>
      'commands' in outcome && outcome.commands.length > 0 ? [{ name, commands: outcome.commands }] : [],
    ),
    reasons: Object.fromEntries(
      outcomes.flatMap(([name, outcome]) => ('nothing' in outcome ? [[name, outcome.nothing]] : [])),
    ),
  };
}
