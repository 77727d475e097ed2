/** Remembers what systemd would have been told. */
import type { ServiceManager } from './notify.ts';

export class FakeServiceManager implements ServiceManager {
  readonly told: string[] = [];
  watchdogIntervalMs: number | null = null;

  ready(): void {
    this.told.push('READY=1');
  }

  watchdog(): void {
    this.told.push('WATCHDOG=1');
  }

  status(line: string): void {
    this.told.push(`STATUS=${line}`);
  }

  stopping(): void {
    this.told.push('STOPPING=1');
  }
}
