/**
 * Files that lvsctl owns on a host: where they are, and the header that says so. Owning is by path and header: a file of
 * ours that the topology no longer wants is removed, a file without our header is never removed.
 */

/** A whole file as it shall be. */
export interface ManagedFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

/** SHA-256 of a text's UTF-8 bytes, in hex. Handed in, because this folder is pure. */
export type Digest = (text: string) => string;

/** Every path that lvsctl may own on any host. A path that is dropped here is no longer cleaned up anywhere. */
export const PATHS = {
  /** Sorts after Debian's and Red Hat's 99-sysctl.conf: the last file that sets a key wins (sysctl.d(5)). */
  sysctl: '/etc/sysctl.d/99-zz-lvsctl.conf',
  modules: '/etc/modules-load.d/lvsctl.conf',
  moduleOptions: '/etc/modprobe.d/lvsctl.conf',
  directorScript: '/usr/local/lib/lvsctl/director',
  realserverScript: '/usr/local/lib/lvsctl/realserver',
  realserverUnit: '/etc/systemd/system/lvs-realserver.service',
  agentUnit: '/etc/systemd/system/lvs-agent.service',
  vrrpUnit: '/etc/systemd/system/lvs-vrrp.service',
  /** What keepalived was like before lvs-agent took its place: there until the way back is gone. */
  keepalived: '/usr/local/lib/lvsctl/keepalived',
  networkd: '/etc/systemd/networkd.conf.d/lvsctl.conf',
  networkManager: '/etc/NetworkManager/conf.d/lvsctl.conf',
} as const;

/** Words by which a header is found again. */
export const HEADER_MARK = '# Managed by lvsctl';

/** A line that later runs read back: what was placed, and what a value was before. */
export const RECORD_MARK = '#:';

/**
 * The file with its header. The hash is that of the body without the header, so that a file that was edited by hand can be
 * told from one that an earlier topology wanted. A `#!` line stays the first one.
 */
export function managedFile(path: string, mode: number, body: string, digest: Digest): ManagedFile {
  const header = `${HEADER_MARK}: changes made here are overwritten. sha256 ${digest(body)}`;
  const [first = '', ...rest] = body.split('\n');
  const content = first.startsWith('#!') ? [first, header, ...rest].join('\n') : `${header}\n${body}`;
  return { path, mode, content };
}
