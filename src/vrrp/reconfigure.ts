/** A new configuration of a virtual router that runs: what can change in place changes in place, and no packet tells of it. */
import type { Effect, EventOf, Instance, Step } from './instance.ts';
import type { InstanceSetup, VirtualAddress } from './instance-setup.ts';
import { addressRefreshMs } from './intervals.ts';
import { announce, lifetimeSeconds } from './transition.ts';

/** Whether `after` is the same virtual router as `before`, seen from the network: else the old one ends and a new one starts. */
export function isSameRouter(before: InstanceSetup, after: InstanceSetup): boolean {
  return (
    before.vrid === after.vrid &&
    before.version === after.version &&
    before.family === after.family &&
    before.interface === after.interface
  );
}

/**
 * Whether a MASTER that becomes another virtual router goes on as its MASTER: its addresses stay where they are, so that clients
 * notice nothing. The others must have changed before it and be held (hold.ts), because they hear nobody until it follows.
 */
export function carriesOver(before: InstanceSetup, after: InstanceSetup): boolean {
  const isSame = (one: VirtualAddress): boolean => contains(after.addresses, one);
  return before.addresses.length === after.addresses.length && moved(before, after).every(isSame);
}

/** Whether its addresses come to another MAC with that: with a virtual MAC the VRID is in it. */
export function changesMac(before: InstanceSetup, after: InstanceSetup): boolean {
  return before.virtualMac !== undefined && before.virtualMac.mac !== after.virtualMac?.mac;
}

/** The addresses, as if they were on the other's virtual MAC already. */
function moved({ addresses, virtualMac }: InstanceSetup, after: InstanceSetup): readonly VirtualAddress[] {
  const [from, to] = [virtualMac?.interface, after.virtualMac?.interface];
  if (from === undefined || to === undefined) return addresses;
  return addresses.map((one) => (one.interface === from ? { ...one, interface: to } : one));
}

/** Timers already running keep their moment; a MASTER advertises on the new grid from its next turn. */
export function setUpAgain(instance: Instance, { setup }: EventOf<'setup'>, nowMs: number): Step {
  const next: Instance = {
    ...instance,
    setup,
    master: stillHeard(instance, setup),
    preemptFromMs: waitsAnew(instance, setup) ? null : instance.preemptFromMs,
  };
  if (instance.state !== 'MASTER') return { instance: listening(next, nowMs), effects: leftOver(instance, setup) };
  const fresh = setup.addresses.filter((one) => !contains(instance.setup.addresses, one));
  const effects: Effect[] = [...leftOver(instance, setup)];
  if (fresh.length > 0) {
    const lifetime = lifetimeSeconds(next);
    effects.push({ type: 'add-addresses', instance: setup.name, addresses: fresh, lifetimeSeconds: lifetime });
    effects.push(
      announce(
        next,
        setup.garp.count,
        fresh.map(({ address }) => address),
      ),
    );
  }
  const { advertIntervalMs, garp } = setup;
  return {
    instance: {
      ...next,
      masterAdvertMs: advertIntervalMs,
      advertAtMs: Math.min(instance.advertAtMs ?? nowMs, nowMs + advertIntervalMs),
      addressRefreshAtMs: Math.min(instance.addressRefreshAtMs ?? nowMs, nowMs + addressRefreshMs(advertIntervalMs)),
      announceRefreshAtMs: garp.refreshMs > 0 && instance.handingOver === null ? nowMs + garp.refreshMs : null,
    },
    effects,
  };
}

/** preempt_delay counts from the configuration that asks for it. */
function waitsAnew({ setup: before }: Instance, { preempt, preemptDelayMs }: InstanceSetup): boolean {
  return before.preempt !== preempt || before.preemptDelayMs !== preemptDelayMs;
}

/**
 * The interval of a MASTER that was heard stays in version 3; else it is our own (RFC 9568 section 6.4.1, RFC 3768 section 6.1).
 * A member that waited for its sync group, and now has none, has waited long enough.
 */
function listening(instance: Instance, nowMs: number): Instance {
  const { setup, master, masterAdvertMs, wantsMaster } = instance;
  const isLearned = setup.version === 3 && master !== null;
  const next = { ...instance, masterAdvertMs: isLearned ? masterAdvertMs : setup.advertIntervalMs };
  return wantsMaster && setup.syncGroup === null ? { ...next, wantsMaster: false, masterDownAtMs: nowMs } : next;
}

/** The MASTER that was heard, as long as its advertisements are still believed: else it is heard when it speaks anew. */
function stillHeard({ setup: before, master }: Instance, after: InstanceSetup): InstanceSetup['source'] | null {
  const isBelieved =
    before.transport === after.transport &&
    (after.transport === 'unicast' ? master !== null && after.peers.includes(master) : before.group === after.group) &&
    before.password === after.password &&
    (after.version === 3 || before.advertIntervalMs === after.advertIntervalMs);
  return isBelieved ? master : null;
}

/** Addresses that we hold, or have on the loopback as a lame duck, and that are no longer ours. */
function leftOver({ holdsAddresses, lameDuck, setup: before }: Instance, setup: InstanceSetup): Effect[] {
  const gone = before.addresses.filter((one) => !contains(setup.addresses, one));
  if (gone.length === 0) return [];
  const [instance, addresses] = [setup.name, gone];
  return [
    ...(holdsAddresses ? [{ type: 'delete-addresses', instance, addresses } as const] : []),
    ...(lameDuck === null ? [] : [{ type: 'unsilence-addresses', instance, addresses } as const]),
  ];
}

/** Label, scope and broadcast can change without the address going away. */
function contains(list: readonly VirtualAddress[], one: VirtualAddress): boolean {
  return list.some(
    (other) =>
      other.address === one.address && other.prefixLength === one.prefixLength && other.interface === one.interface,
  );
}
