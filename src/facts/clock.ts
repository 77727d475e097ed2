/** What a host's wall clock says, without a fork: when it booted and for how long it has run (proc_stat(5), proc_uptime(5)). */
import type { Fact } from './fact.ts';

/** Epoch ms: it is this or up to {@link CLOCK_GRAIN_MS} later. null: it cannot be told. */
export type ClockFact = number | null;

/** The kernel tells the time of its boot in whole seconds. */
export const CLOCK_GRAIN_MS = 1_010;

export const clockFact: Fact<{ readonly root?: string } | null, ClockFact> = {
  name: 'clock',
  script: (question) => {
    const root = question?.root ?? '';
    return `[ ! -r ${root}/proc/stat ] || [ ! -r ${root}/proc/uptime ] || {
  while read -r k v; do
    case $k in btime) echo "boot $v" ;; esac
  done <${root}/proc/stat
  read -r v k <${root}/proc/uptime && echo "up $v"
}
:`;
  },
  parse(printed) {
    const number = (word: string): number =>
      Number(new RegExp(`^${word} ([\\d.]+)$`, 'm').exec(printed)?.[1] ?? 'none');
    const ms = Math.round((number('boot') + number('up')) * 1000);
    return Number.isFinite(ms) ? ms : null;
  },
};
