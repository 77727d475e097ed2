import type { KernelNeed } from '../desired/kernel-needs.ts';
import type { HostFacts } from '../facts/host.ts';

/** Needs that the host's kernel is too old for: sentences without its name in front. One whose version is not told is believed. */
export function kernelProblems(needs: readonly KernelNeed[], { kernel }: HostFacts['system']): string[] {
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(kernel ?? '') ?? [];
  if (major === '') return [];
  const [has, below] = [Number(major), Number(minor)];
  return needs
    .filter(({ atLeast: [most, least] }) => has < most || (has === most && below < least))
    .map(
      ({ what, atLeast }) =>
        `${what}, for which IPVS needs Linux ${atLeast.join('.')}, and this is ${kernel}; upgrade it, or use \`tunnel: { type: ipip }\`.`,
    );
}
