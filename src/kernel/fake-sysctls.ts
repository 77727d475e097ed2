/** Settings in memory. */
import { KernelError } from './kernel-error.ts';
import type { Sysctls } from './sysctls.ts';

export class FakeSysctls implements Sysctls {
  readonly values = new Map<string, string>();
  /** Whether it is mounted read-only. */
  isReadOnly = false;

  read(name: string): string | undefined {
    return this.values.get(name);
  }

  write(name: string, value: string): KernelError | undefined {
    if (this.isReadOnly || !this.values.has(name))
      return new KernelError({ operation: 'set sysctl', target: name, errno: this.isReadOnly ? 30 : 2 });
    this.values.set(name, value);
    return undefined;
  }
}
