/** What a VRRP process reports of one instance, BACKUP unless said otherwise. */
import type { InstanceReport } from '../../src/vrrp/link.ts';

export function instanceReport(more: Partial<InstanceReport> = {}): InstanceReport {
  return {
    name: 'public',
    vrid: 51,
    version: 3,
    interface: 'eth1',
    state: 'BACKUP',
    since: 1,
    cause: 'test',
    priority: 110,
    basePriority: 110,
    vips: ['10.77.1.100'],
    master: null,
    advertIntervalMs: 1_000,
    advertsSent: 0,
    advertsReceived: 0,
    dropped: {},
    waitingFor: null,
    ...more,
  };
}
