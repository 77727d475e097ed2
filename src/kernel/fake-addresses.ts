/** Interfaces and addresses in memory; lifetimes pass with the clock, as in the kernel. */
import { familyOf } from '../wire/address.ts';
import type { AddressEvents, Addresses, AddressRequest, KernelAddress, Link } from './addresses.ts';
import type { Clock } from './clock.ts';
import { KernelError } from './kernel-error.ts';

const ETHERNET: Omit<Link, 'index' | 'name'> = {
  up: true,
  running: true,
  carrier: true,
  mac: '02:00:00:00:00:01',
  mtu: 1500,
  alias: '',
  macvlan: null,
};

export class FakeAddresses implements Addresses {
  readonly #clock: Clock;
  #links: Link[] = [];
  #addresses: KernelAddress[] = [];
  readonly #watchers = new Set<AddressEvents>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Creates or changes an interface and tells the watchers; up and running with a carrier unless said. */
  setLink(link: Pick<Link, 'index' | 'name'> & Partial<Link>): void {
    const whole: Link = { ...ETHERNET, ...link };
    this.#links = [...this.#links.filter(({ index }) => index !== whole.index), whole];
    for (const watcher of this.#watchers) watcher.onLink(whole, 'new');
  }

  deleteLink(name: string): void {
    const link = this.#links.find((one) => one.name === name);
    if (link === undefined) return;
    this.#links = this.#links.filter((one) => one !== link);
    for (const address of this.addresses()) if (address.ifindex === link.index) this.#delete(address);
    for (const watcher of this.#watchers) watcher.onLink(link, 'deleted');
    for (const { name: above, macvlan } of this.#links) if (macvlan?.baseIndex === link.index) this.deleteLink(above);
  }

  loseEvents(): void {
    for (const watcher of this.#watchers) watcher.onLost();
  }

  links(): readonly Link[] {
    return this.#links;
  }

  addresses(): readonly KernelAddress[] {
    const nowMs = this.#clock.now();
    const remaining = (seconds: number | null, sinceMs: number): number | null =>
      seconds === null ? null : Math.max(0, seconds - Math.floor((nowMs - sinceMs) / 1000));
    return this.#addresses
      .map((one) => ({
        ...one,
        validSeconds: remaining(one.validSeconds, one.refreshedAtMs),
        preferredSeconds: remaining(one.preferredSeconds, one.refreshedAtMs),
      }))
      .filter(({ validSeconds }) => validSeconds === null || validSeconds > 0);
  }

  add(request: AddressRequest): KernelError | undefined {
    const link = this.#links.find(({ name }) => name === request.interface);
    const target = `${request.address}/${request.prefixLength} dev ${request.interface}`;
    if (link === undefined) return new KernelError({ operation: 'add address', target, errno: 19 });
    const nowMs = this.#clock.now();
    const old = this.addresses().find((one) => one.ifindex === link.index && one.address === request.address);
    const address: KernelAddress = {
      ifindex: link.index,
      family: familyOf(request.address),
      address: request.address,
      prefixLength: request.prefixLength,
      scope: request.scope,
      label: request.label ?? (familyOf(request.address) === 4 ? request.interface : null),
      broadcast: request.broadcast,
      secondary: false,
      tentative: false,
      dadFailed: false,
      protocol: 0,
      validSeconds: request.validSeconds,
      preferredSeconds: familyOf(request.address) === 6 ? 0 : request.validSeconds,
      createdAtMs: old?.createdAtMs ?? nowMs,
      refreshedAtMs: nowMs,
    };
    this.#addresses = [...this.#addresses.filter((one) => !sameAddress(one, address)), address];
    for (const watcher of this.#watchers) watcher.onAddress(address, 'new');
    return undefined;
  }

  remove(target: Pick<AddressRequest, 'interface' | 'address' | 'prefixLength'>): KernelError | undefined {
    const link = this.#links.find(({ name }) => name === target.interface);
    const found = this.#addresses.find(
      (one) =>
        one.ifindex === link?.index && one.address === target.address && one.prefixLength === target.prefixLength,
    );
    if (found !== undefined) this.#delete(found);
    return undefined;
  }

  watch(events: AddressEvents): () => void {
    this.#watchers.add(events);
    return () => this.#watchers.delete(events);
  }

  close(): void {
    this.#watchers.clear();
  }

  #delete(address: KernelAddress): void {
    this.#addresses = this.#addresses.filter((one) => !sameAddress(one, address));
    for (const watcher of this.#watchers) watcher.onAddress(address, 'deleted');
  }
}

function sameAddress(left: KernelAddress, right: KernelAddress): boolean {
  return left.ifindex === right.ifindex && left.address === right.address && left.prefixLength === right.prefixLength;
}
