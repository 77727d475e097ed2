/** What is well written but cannot be meant. Each rule names the sections it reads, and stays silent when one of them is spoilt. */
import { ADDRESS_RULES } from './address.ts';
import { DESTINATION_RULES } from './destination.ts';
import { INSTANCE_RULES } from './instance.ts';
import { LISTENER_RULES } from './listener.ts';
import { NAT_RULES } from './nat.ts';
import { ORDER_RULES } from './order.ts';
import type { Context, Rule } from './rule.ts';
import { SCHEDULER_RULES } from './scheduler.ts';

const RULES: readonly Rule[] = [
  ...ADDRESS_RULES,
  ...INSTANCE_RULES,
  ...ORDER_RULES,
  ...LISTENER_RULES,
  ...SCHEDULER_RULES,
  ...DESTINATION_RULES,
  ...NAT_RULES,
];

export function contradictions(context: Context & { readonly spoilt: ReadonlySet<string> }): void {
  for (const { reads, check } of RULES) if (!reads.some((section) => context.spoilt.has(section))) check(context);
}
