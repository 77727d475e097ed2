/** What people ask of the VRRP process through its supervisor, and what is told of it. */
import type { InstanceReport } from '../vrrp/link.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import { Refusal } from './refusal.ts';
import type { Recording, VrrpLink } from './vrrp-link.ts';

export class VrrpRequests {
  readonly #link: VrrpLink;
  readonly #journal: Journal;

  constructor(link: VrrpLink, journal: Journal) {
    this.#link = link;
    this.#journal = journal;
  }

  /** Asks it to hand an instance over. @throws Refusal */
  yieldInstance(instance: string): void {
    const found = this.#instance(instance);
    if (found.state !== 'MASTER') throw new Refusal(409, `${instance} is ${found.state} here, not MASTER`);
    this.#link.send({ type: 'yield', instance });
    this.#journal.note('notice', 'vrrp', `${instance} is to be handed over, as was asked for`, { instance });
  }

  /** No connection needs this director any more. @throws Refusal */
  endLameDuck(instance: string): void {
    this.#instance(instance);
    this.#link.send({ type: 'end-lame-duck', instance });
  }

  /** Starts or ends a recording. @returns where it is and how long. @throws Refusal */
  async record(on: boolean): Promise<Pick<Recording, 'path' | 'bytes'>> {
    const recording = await this.#link.record(on);
    if (recording === null) throw new Refusal(503, 'the VRRP process does not answer');
    const { path, bytes, error } = recording;
    if (error !== null) throw new Refusal(409, path === null ? error : `${error}: ${path}`);
    return { path, bytes };
  }

  #instance(instance: string): InstanceReport {
    const found = this.#link.instances.find(({ name }) => name === instance);
    if (!this.#link.isAlive) throw new Refusal(503, 'the VRRP process does not answer');
    if (found === undefined) throw new Refusal(404, `there is no instance ${instance} here`);
    return found;
  }
}

/** The first VIP of each instance that is MASTER here: what the other directors know it by. */
export function mastersOf({ isAlive, instances }: VrrpLink): string[] {
  if (!isAlive) return [];
  return instances.flatMap(({ state, vips }) => (state === 'MASTER' ? vips.slice(0, 1) : []));
}

/** What is wrong with it, given what it is needed for. */
export function vrrpAlarms({ isAlive, refusal }: VrrpLink, stored: StoredConfig | null): string[] {
  if (isAlive) return refusal === null ? [] : [`the VRRP process refused the configuration: ${refusal}`];
  const { self, config } = stored ?? {};
  const needsIt = config?.instances.length || config?.directors.some((one) => one.name === self && one.vips.length > 0);
  return needsIt ? ['the VRRP process does not answer'] : [];
}
