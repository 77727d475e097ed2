/** What is well written but cannot be meant. Each rule names the sections it reads, and stays silent when one of them is spoilt. */
import type { Context, Rule } from './rule.ts';

const RULES: readonly Rule[] = [];

export function contradictions(context: Context & { readonly spoilt: ReadonlySet<string> }): void {
  for (const { reads, check } of RULES) if (!reads.some((section) => context.spoilt.has(section))) check(context);
}
