import { expect, it } from 'vitest';
import { moduleRemedy } from '../../src/operations/module-package.ts';

it.each([
  [['debian'], '6.1.0-31-amd64', 'install it: apt-get install --reinstall linux-image-6.1.0-31-amd64'],
  [['debian'], '6.1.0-31-cloud-amd64', 'install it: apt-get install linux-image-amd64 and boot that kernel'],
  [['ubuntu', 'debian'], '6.8.0-45-kvm', 'install it: apt-get install linux-modules-extra-6.8.0-45-kvm'],
  [
    ['rocky', 'rhel', 'centos', 'fedora'],
    '5.14.0-503.el9.x86_64',
    'install it: dnf install kernel-modules-5.14.0-503.el9.x86_64 kernel-modules-extra-5.14.0-503.el9.x86_64',
  ],
  [['opensuse-leap', 'suse', 'opensuse'], '6.4.0', 'install it: zypper install kernel-default and boot that kernel'],
  [['alpine'], '6.6.1', "install the kernel's extra modules or another kernel"],
  [[], '', "install the kernel's extra modules or another kernel"],
])('%j with kernel %j: %s', (distribution, kernel, words) => {
  expect(moduleRemedy({ distribution, kernel })).toBe(words);
});
