/**
 * Interfaces with a virtual MAC: there while their instance is, up while it holds its addresses, so that a BACKUP neither answers
 * for that MAC nor hears what is sent to it. They bear our mark, and what does not bear it is never touched.
 */
import { VIRTUAL_INTERFACE_IPV4 } from '../../config/virtual-mac.ts';
import type { Link } from '../../kernel/addresses.ts';
import type { Macvlan, Macvlans } from '../../kernel/macvlans.ts';
import type { InstanceSetup } from '../../vrrp/instance-setup.ts';
import type { Router } from '../../vrrp/router.ts';
import { type Host, isVirtual, VIRTUAL_MARK } from './host.ts';
import { type Log, onChange } from './log.ts';

export class VirtualInterfaces {
  readonly #macvlans: Macvlans;
  readonly #log: Log;
  readonly #say: ReturnType<typeof onChange>;
  /** Ours, as they were when the host was read last, and as we set them since. */
  #up = new Map<string, boolean>();
  #indexes: readonly number[] = [];
  #problems: Readonly<Record<string, string>> = {};

  constructor(macvlans: Macvlans, log: Log) {
    this.#macvlans = macvlans;
    this.#log = log;
    this.#say = onChange(log);
  }

  /** By name, why one cannot be used. */
  get problems(): Readonly<Record<string, string>> {
    return this.#problems;
  }

  /**
   * Makes what the setups want and takes away what they do not.
   * @param read the host, again. @returns the host as it is now. @throws what `read` throws
   */
  follow(setups: readonly InstanceSetup[], host: Host, read: () => Host): Host {
    const wanted = new Map(setups.flatMap(macvlanOf).map((one) => [one.name, one]));
    const gone = host.links.filter((link) => isVirtual(link) && !isAs(link, wanted.get(link.name), host));
    for (const link of gone) this.#remove(link);
    const left = { ...host, links: host.links.filter((link) => !gone.includes(link)) };
    const [problems, made] = this.#make([...wanted.values()], left);
    this.#problems = problems;
    for (const { name } of wanted.values()) this.#say(name, 'error', problems[name], { interface: name });
    const now = gone.length > 0 || made ? read() : host;
    const ours = now.links.filter(isVirtual);
    this.#up = new Map(ours.map(({ name, up }) => [name, up]));
    this.#indexes = ours.map(({ index }) => index);
    return now;
  }

  /** Sets up those of instances that hold their addresses. */
  raise({ instances }: Router): void {
    for (const { setup, holdsAddresses } of Object.values(instances)) if (holdsAddresses) this.#set(setup, true);
  }

  /** Sets down those of the others. One whose instance is not there yet stays as it was found: it may be about to be adopted. */
  lower({ instances }: Router): void {
    for (const { setup, holdsAddresses } of Object.values(instances)) if (!holdsAddresses) this.#set(setup, false);
  }

  /** @param release takes them away; else they stay for the next process. */
  stop(release: boolean): void {
    if (release) for (const index of this.#indexes) this.#macvlans.remove(index);
    this.#macvlans.close();
  }

  #set({ virtualMac }: InstanceSetup, up: boolean): void {
    const name = virtualMac?.interface;
    const was = name === undefined ? undefined : this.#up.get(name);
    if (name === undefined || was === undefined || was === up) return;
    const error = this.#macvlans.setUp(name, up);
    this.#say(`interface ${name} ${up ? 'up' : 'down'}`, 'error', error?.message, { interface: name });
    if (error === undefined) this.#up.set(name, up);
  }

  /** @returns problems by name, and whether any was made. */
  #make(wanted: readonly Macvlan[], host: Host): [Record<string, string>, boolean] {
    const problems: Record<string, string> = {};
    let made = false;
    for (const one of wanted) {
      const { name, base, mac } = one;
      const problem = obstacle(one, host);
      if (problem !== undefined) problems[name] = problem;
      // without its base there is nothing to make it on, and the instance has that fault
      if (problem !== undefined || has(host, name) || !has(host, base)) continue;
      const error = this.#macvlans.add(one);
      if (error !== undefined) problems[name] = error.message;
      else {
        made = true;
        this.#log('info', 'interface made', { interface: name, base, mac });
      }
    }
    return [problems, made];
  }

  #remove({ name, index }: Link): void {
    const error = this.#macvlans.remove(index);
    if (error === undefined) this.#log('info', 'interface taken away', { interface: name });
    else this.#say(`removal of ${name}`, 'error', error.message, { interface: name });
  }
}

function macvlanOf({ virtualMac, interface: base, vrid, family }: InstanceSetup): Macvlan[] {
  if (virtualMac === undefined) return [];
  const alias = `${VIRTUAL_MARK}${vrid} (IPv${family}) on ${base}`;
  return [{ name: virtualMac.interface, base, mac: virtualMac.mac, alias, ipv4: VIRTUAL_INTERFACE_IPV4 }];
}

/** Whether a link is what we would make. */
function isAs({ alias, mac, macvlan }: Link, wanted: Macvlan | undefined, host: Host): boolean {
  if (wanted === undefined || alias !== wanted.alias || mac !== wanted.mac) return false;
  return macvlan?.isVepa === true && macvlan.baseIndex === baseIndexOf(wanted, host);
}

/** What a macvlan on this base lies on: one on top of another lies on what that lies on (drivers/net/macvlan.c). */
function baseIndexOf({ base }: Macvlan, { links }: Host): number | undefined {
  const found = links.find(({ name }) => name === base);
  return found?.macvlan?.baseIndex ?? found?.index;
}

/** What is there, not ours, and in the way: the kernel sets up no second one of a MAC on one base. */
function obstacle(wanted: Macvlan, host: Host): string | undefined {
  const { name, mac } = wanted;
  const present = host.links.find((link) => link.name === name);
  if (present !== undefined && !isVirtual(present)) return `interface ${name} is there and is not lvs-agent's own`;
  if (present?.up) return undefined;
  const baseIndex = baseIndexOf(wanted, host);
  const other = host.links.find((link) => link.mac === mac && link.up && link.macvlan?.baseIndex === baseIndex);
  return other && `interface ${other.name} has the virtual MAC ${mac} already`;
}

function has({ links }: Host, name: string): boolean {
  return links.some((link) => link.name === name);
}
