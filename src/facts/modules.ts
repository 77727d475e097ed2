/** Kernel modules: there, to be had, or not in this kernel at all. */
import { type Fact, linesOf } from './fact.ts';

export type ModuleState = 'loaded' | 'available' | 'absent';

/** Only what is not loaded costs forks. A module built into the kernel counts as loaded. */
export const modulesFact: Fact<readonly string[], Readonly<Record<string, ModuleState>>> = {
  name: 'modules',
  script: (names) => `read -r kernel </proc/sys/kernel/osrelease
for m in ${names.map((name) => `'${name}'`).join(' ')}; do
  if [ -d "/sys/module/$m" ]; then echo "$m loaded"
  elif grep -qs "/$m[.]ko" "/lib/modules/$kernel/modules.builtin"; then echo "$m loaded"
  elif modprobe -n -q "$m" 2>/dev/null; then echo "$m available"
  else echo "$m absent"; fi
done`,
  parse: (printed) =>
    Object.fromEntries(
      linesOf(printed).flatMap((line) => {
        const [name = '', state] = line.split(' ');
        return state === 'loaded' || state === 'available' || state === 'absent' ? [[name, state]] : [];
      }),
    ),
};
