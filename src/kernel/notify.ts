/** What systemd is told (sd_notify(3)). */
import { AF_UNIX, SOCK_DGRAM } from './linux-abi.ts';
import type { Rawio } from './rawio.ts';
import { unixSockaddr } from './socket-address.ts';

export interface ServiceManager {
  /** READY=1: start-up is over. */
  ready(): void;
  /** WATCHDOG=1: still alive. */
  watchdog(): void;
  /** STATUS=: one line for `systemctl status`. */
  status(line: string): void;
  /** STOPPING=1. */
  stopping(): void;
  /** How often {@link watchdog} should be called (half of $WATCHDOG_USEC), ms; null when systemd does not watch. */
  readonly watchdogIntervalMs: number | null;
}

/**
 * Without $NOTIFY_SOCKET (not started by systemd) nothing is told to anybody. A datagram that cannot be sent is lost without a
 * word: systemd's watchdog is what notices.
 */
export function openServiceManager(rawio: Rawio, environment: NodeJS.ProcessEnv): ServiceManager {
  const path = environment['NOTIFY_SOCKET'];
  const watchdogUs = Number(environment['WATCHDOG_USEC'] ?? 0);
  const tell = (text: string): void => {
    if (path === undefined || path === '') return;
    const fd = rawio.socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) return;
    rawio.sendmsg(fd, new TextEncoder().encode(text), unixSockaddr(path), null, 0);
    rawio.close(fd);
  };
  return {
    ready: () => tell('READY=1'),
    watchdog: () => tell('WATCHDOG=1'),
    status: (line) => tell(`STATUS=${line.replaceAll('\n', ' ')}`),
    stopping: () => tell('STOPPING=1'),
    watchdogIntervalMs: watchdogUs > 0 ? watchdogUs / 2000 : null,
  };
}
