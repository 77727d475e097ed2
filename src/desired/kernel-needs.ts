/** What a director's kernel must be for the services of the topology. Pure. */
import type { ServiceConfig } from '../config/service.ts';

export interface KernelNeed {
  /** As a person would say it. */
  readonly what: string;
  /** Linux, major and minor. */
  readonly atLeast: readonly [number, number];
}

/**
 * A kernel that does not know an attribute of a tunnel passes over it without a word (include/uapi/linux/ip_vs.h): before 5.2 it would
 * send plain IPIP, and before 5.3 GUE without a checksum.
 */
export function kernelNeeds(services: readonly ServiceConfig[]): KernelNeed[] {
  return services.filter(isTunnelled).flatMap(({ name, tunnel: { type, checksum } }): KernelNeed[] => {
    if (type === 'ipip') return [];
    const what = `service ${name} is tunnelled by ${type}${type === 'gue' && checksum ? ' with a checksum' : ''}`;
    return [{ what, atLeast: type === 'gue' && !checksum ? [5, 2] : [5, 3] }];
  });
}

function isTunnelled({ mode, sorry }: ServiceConfig): boolean {
  return mode === 'tun' || (sorry?.kind === 'host' && sorry.mode === 'tun');
}
