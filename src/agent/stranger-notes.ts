/** The event stream's word of strangers that speak for a VRID of ours: when one is heard first, and when it has fallen silent. */
import { strangerAlarm } from '../status/stranger.ts';
import type { InstanceReport } from '../vrrp/link.ts';
import type { Journal } from './journal.ts';

export class StrangerNotes {
  readonly #journal: Journal;
  /** By instance and source: what is said when it has gone. */
  #told = new Map<string, string>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** @param instances as the VRRP process reports them */
  take(instances: readonly InstanceReport[]): void {
    const now = new Map<string, string>();
    for (const instance of instances)
      for (const stranger of instance.strangers ?? []) {
        const { name, vrid } = instance;
        const key = `${name} ${stranger.source}`;
        if (!this.#told.has(key)) {
          const fields = { instance: name, source: stranger.source };
          this.#journal.note('warning', 'vrrp', strangerAlarm(instance, stranger), fields);
        }
        now.set(key, `${stranger.source} advertises VRID ${vrid} of ${name} no longer`);
      }
    for (const [key, text] of this.#told) if (!now.has(key)) this.#journal.note('info', 'vrrp', text);
    this.#told = now;
  }
}
