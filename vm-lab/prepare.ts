/**
 * `node vm-lab/prepare.ts`: installs what this machine lacks for the lab and for the tests: compilers for the native
 * parts, the peers that we are tried with, and the tools that tests look through.
 */
import { ensureHostPackages, type Needs } from './host-packages.ts';
import { LabError } from './lab-error.ts';

const NEEDED_BY_TESTS: Needs = {
  gcc: 'gcc',
  '/usr/include/stdio.h': 'libc6-dev',
  'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu',
  '/usr/aarch64-linux-gnu/include/stdio.h': 'libc6-dev-arm64-cross',
  keepalived: 'keepalived',
  '/usr/lib/frr/vrrpd': 'frr',
  sshd: 'openssh-server',
  ipvsadm: 'ipvsadm',
  nft: 'nftables',
  tcpdump: 'tcpdump',
  arping: 'arping',
  openssl: 'openssl',
  smtpd: 'opensmtpd',
  unbound: 'unbound',
  nginx: 'nginx-light',
  tmux: 'tmux',
  sudo: 'sudo',
};

const say = (subject: string, what: string) => process.stderr.write(`${subject}: ${what}\n`);
try {
  await ensureHostPackages({ doing: say, done: say }, NEEDED_BY_TESTS);
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`${[error.message, ...error.hints].join('\n  ')}\n`);
  process.exitCode = error.code;
}
