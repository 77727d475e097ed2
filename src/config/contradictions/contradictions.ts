/** What is well written but cannot be meant. */
import type { Finding } from '../problem.ts';
import type { Reporter } from '../report.ts';
import { ADDRESS_RULES } from './address.ts';
import { ALERT_RULES } from './alerts.ts';
import { DESTINATION_RULES } from './destination.ts';
import { FAMILY_RULES } from './family.ts';
import { GROUP_RULES } from './group.ts';
import { IN_PATH_RULES } from './in-path.ts';
import { INSTANCE_RULES } from './instance.ts';
import { LISTENER_RULES } from './listener.ts';
import { NAT_RULES } from './nat.ts';
import { ORDER_RULES } from './order.ts';
import { POLICY_RULES } from './policy.ts';
import type { Context, Rule } from './rule.ts';
import { SCHEDULER_RULES } from './scheduler.ts';
import { SCTP_RULES } from './sctp.ts';
import { TRACKER_RULES } from './tracker.ts';
import { TUNNEL_RULES } from './tunnel.ts';
import { VIRTUAL_MAC_RULES } from './virtual-mac.ts';

const RULES: readonly Rule[] = [
  ...ADDRESS_RULES,
  ...INSTANCE_RULES,
  ...VIRTUAL_MAC_RULES,
  ...TRACKER_RULES,
  ...ORDER_RULES,
  ...GROUP_RULES,
  ...LISTENER_RULES,
  ...FAMILY_RULES,
  ...SCTP_RULES,
  ...SCHEDULER_RULES,
  ...DESTINATION_RULES,
  ...TUNNEL_RULES,
  ...IN_PATH_RULES,
  ...NAT_RULES,
  ...POLICY_RULES,
  ...ALERT_RULES,
];

/** What was found before: values of the wrong form, and names that lead nowhere. */
export interface Earlier {
  readonly values: readonly Finding[];
  readonly names: readonly Finding[];
}

export function contradictions(context: Context, earlier: Earlier): void {
  for (const { needs, followsNames, check } of RULES) {
    const before = followsNames ? [...earlier.values, ...earlier.names] : earlier.values;
    const spoilt = before.flatMap(spoiltBy);
    if (needs.some((section) => spoilt.some(([first]) => first === section))) continue;
    check({ ...context, report: unlessSpoilt(context.report, spoilt) });
  }
}

/** Section and entry of a finding; a misspelt section spoils the one that was meant, too. */
function spoiltBy({ path, suggestion }: Finding): string[][] {
  const steps = path.split(/[.[]/);
  return steps.length === 1 && suggestion !== null ? [steps, [suggestion]] : [steps];
}

/** Of an entry with errors (`services.http`) nothing more is said: half of it may be missing. */
function unlessSpoilt(report: Reporter, spoilt: readonly (readonly string[])[]): Reporter {
  return (steps, message, hint) => {
    const [section, entry] = steps.map(String);
    const hidden = spoilt.some(([first, second]) => first === section && (second === undefined || second === entry));
    if (!hidden) report(steps, message, hint);
  };
}
