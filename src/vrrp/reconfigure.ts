/** A new configuration of a virtual router that runs: what can change in place changes in place, and no packet tells of it. */
import type { Effect, EventOf, Instance, InstanceSetup, Step, VirtualAddress } from './instance.ts';
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

/** Timers already running keep their moment; a MASTER advertises on the new grid from its next turn. */
export function setUpAgain(instance: Instance, { setup }: EventOf<'setup'>, nowMs: number): Step {
  const next: Instance = { ...instance, setup };
  if (instance.state !== 'MASTER') return { instance: next, effects: leftOver(instance, setup) };
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
