/** Kernel settings by name (`net.ipv4.vs.sloppy_tcp`), as sysctl(8) has them; words of a value are parted by one space. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { KernelError } from './kernel-error.ts';

export interface Sysctls {
  /** undefined: this kernel has none of that name (or its module is not loaded). */
  read(name: string): string | undefined;
  write(name: string, value: string): KernelError | undefined;
}

export const systemSysctls: Sysctls = {
  read(name) {
    try {
      return readFileSync(pathOf(name), 'utf8').trim().replaceAll(/\s+/g, ' ');
    } catch {
      return undefined;
    }
  },
  write(name, value) {
    try {
      writeFileSync(pathOf(name), value);
      return undefined;
    } catch (error) {
      const { errno = 0, message } = error as NodeJS.ErrnoException;
      return new KernelError({ operation: 'set sysctl', target: name, errno: Math.abs(errno), detail: message });
    }
  },
};

/** A slash in a name stands for a dot in an interface's. */
function pathOf(name: string): string {
  return resolve('/proc/sys', name.replaceAll('.', '\0').replaceAll('/', '.').replaceAll('\0', '/'));
}
