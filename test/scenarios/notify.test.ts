import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openServiceManager } from '../../src/kernel/notify.ts';
import { loadRawio } from '../../src/kernel/rawio.ts';
import { unixSockaddr } from '../../src/kernel/socket-address.ts';

const rawio = loadRawio();
const [AF_UNIX, SOCK_DGRAM] = [1, 2];

/** Everything told to a socket at `path` by `work`; sent datagrams lie there at once. */
function heard(path: string, work: () => void): string[] {
  const fd = rawio.socket(AF_UNIX, SOCK_DGRAM, 0);
  expect(rawio.bind(fd, unixSockaddr(path))).toBe(0);
  work();
  const into = new Uint8Array(200);
  const lines: string[] = [];
  for (let length = 0; length >= 0; ) {
    length = rawio.recvmsg(fd, into, null, null, 0);
    if (length >= 0) lines.push(Buffer.from(into.subarray(0, length)).toString());
  }
  rawio.close(fd);
  return lines;
}

it.each(['path', 'abstract'])('tells systemd at a socket that is a %s name', async (kind) => {
  const folder = await mkdtemp(join(tmpdir(), 'notify-'));
  try {
    const path = kind === 'path' ? join(folder, 'sock') : `@lvsctl-notify-${process.pid}`;
    const manager = openServiceManager(rawio, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '10000000' });
    expect(manager.watchdogIntervalMs).toBe(5000);
    const lines = heard(path, () => {
      manager.ready();
      manager.watchdog();
      manager.status('2 MASTER,\n1 BACKUP');
      manager.stopping();
    });
    expect(lines).toEqual(['READY=1', 'WATCHDOG=1', 'STATUS=2 MASTER, 1 BACKUP', 'STOPPING=1']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('tells nobody where systemd did not start us, or does not listen', () => {
  const alone = openServiceManager(rawio, {});
  alone.ready();
  expect(alone.watchdogIntervalMs).toBeNull();
  openServiceManager(rawio, { NOTIFY_SOCKET: '/nonexistent/sock' }).ready();
});
