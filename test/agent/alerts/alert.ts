/** Alerts for tests. */
import { alertOf, type Happening } from '../../../src/agent/alerts/happening.ts';
import type { Alert } from '../../../src/status/alert.ts';

export const WHERE = { cluster: 'shop', director: 'lb1' };

export function happening(change: Partial<Happening> = {}): Happening {
  const what = { kind: 'instance', name: 'public', service: null, from: 'BACKUP', to: 'MASTER' } as const;
  return { ...what, cause: '10.77.1.12 is not heard any more', at: 1_795_253_930_000, late: false, ...change };
}

export function alert(id: string, change: Partial<Happening> = {}): Alert {
  return alertOf(happening(change), WHERE, id);
}
