/**
 * What an agent is told before it ends for good: to take its services and its sync daemons along. keepalived keeps what it finds in
 * the kernel's table, also a realserver at weight 0, and would never raise it again. Pure.
 */
import type { Config } from '../../config/config.ts';

export function partingFor(config: Config): Config {
  return {
    ...config,
    ipvs: { ...config.ipvs, onStop: 'flush' },
    sync: { ...config.sync, enabled: false },
  };
}
