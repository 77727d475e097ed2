/** What systemd is told (sd_notify(3)). */

export interface ServiceManager {
  /** READY=1: start-up is over. */
  ready(): void;
  /** WATCHDOG=1: still alive. */
  watchdog(): void;
  /** STATUS=: one line for `systemctl status`. */
  status(line: string): void;
  /** STOPPING=1. */
  stopping(): void;
  /** How often {@link watchdog} must be called at the latest ($WATCHDOG_USEC / 2), ms; null when systemd does not watch. */
  readonly watchdogIntervalMs: number | null;
}
