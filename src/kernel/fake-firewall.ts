/** Keeps the rules. */
import { type Firewall, type MarkRule, sameRules } from './firewall.ts';
import type { KernelError } from './kernel-error.ts';

export class FakeFirewall implements Firewall {
  rules: readonly MarkRule[] = [];
  /** What the next apply answers. */
  failure: KernelError | undefined;

  async apply(rules: readonly MarkRule[]): Promise<KernelError | undefined> {
    if (this.failure === undefined) this.rules = rules;
    return this.failure;
  }

  async read(): Promise<readonly MarkRule[]> {
    return this.rules;
  }

  async holds(rules: readonly MarkRule[]): Promise<boolean> {
    return sameRules(this.rules, rules);
  }
}
