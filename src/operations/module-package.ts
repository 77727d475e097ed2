/** Where a kernel module comes from, by distribution: the sentence's second half, with the command. Pure. */
import type { SystemFacts } from '../facts/system.ts';

interface Source {
  /** As os-release(5) names it, or what it is like. */
  readonly distribution: string;
  /** @param kernel - as uname -r says it */
  command(kernel: string): string;
}

/** The first that fits; Ubuntu says that it is like Debian, and splits its kernel otherwise. */
const SOURCES: readonly Source[] = [
  { distribution: 'ubuntu', command: (kernel) => `apt-get install linux-modules-extra-${kernel}` },
  {
    distribution: 'debian',
    // the kernel for clouds has fewer modules than the whole one
    command: (kernel) =>
      /-cloud-/.test(kernel)
        ? `apt-get install linux-image-${kernel.replace(/^.*-cloud-/, '')} and boot that kernel`
        : `apt-get install --reinstall linux-image-${kernel}`,
  },
  ...['fedora', 'rhel'].map((distribution) => ({
    distribution,
    command: (kernel: string) => `dnf install kernel-modules-${kernel} kernel-modules-extra-${kernel}`,
  })),
  // kernel-default-base has only a part of them
  { distribution: 'suse', command: () => 'zypper install kernel-default and boot that kernel' },
];

/** `install it: dnf install …`. */
export function moduleRemedy({ distribution, kernel }: Pick<SystemFacts, 'distribution' | 'kernel'>): string {
  const source = SOURCES.find((one) => distribution.includes(one.distribution));
  return source === undefined || kernel === ''
    ? "install the kernel's extra modules or another kernel"
    : `install it: ${source.command(kernel)}`;
}
