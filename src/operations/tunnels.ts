/** What tunnelled packets come in by, on realservers: tunl0, ip6tnl0, GUE ports, a GRE device. */
import { GRE_DEVICE, greArguments, IPV6_DEVICE } from '../desired/tunnels.ts';
import type { Placed } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Command } from '../shell/command.ts';
import { type Change, type Operation, outcome, run } from './operation.ts';

type Deed = readonly [Change, ...Command[]];

export const addTunnels: Operation = {
  name: 'tunnels',
  decide({ placed }, facts) {
    const { network, tunnels } = facts;
    const ports = placed.guePorts.filter((port) => !tunnels.guePorts.includes(port));
    return outcomeOf(
      [
        ...fallbackDevices(placed)
          .filter((device) => !network.up.includes(device))
          .map((device) =>
            added(`interface ${device} up`, 'tunnelled packets come in by it', run('ip', 'link', 'set', device, 'up')),
          ),
        ...ports.map((port) =>
          added(`GUE on UDP port ${port}`, 'not there', run('ip', 'fou', 'add', 'port', String(port), 'gue')),
        ),
        ...greDeeds(placed, facts),
      ],
      'every tunnel is there',
    );
  },
};

/** Those that the kernel makes by itself, for whatever no other tunnel takes. */
function fallbackDevices({ tunnel, tunnel6 }: Pick<Placed, 'tunnel' | 'tunnel6'>): string[] {
  return [...(tunnel ? ['tunl0'] : []), ...(tunnel6 ? [IPV6_DEVICE] : [])];
}

function greDeeds({ gre }: Pick<Placed, 'gre'>, facts: HostFacts): Deed[] {
  if (gre === null) return [];
  const up = run('ip', 'link', 'set', GRE_DEVICE, 'up');
  const what = `interface ${GRE_DEVICE} (GRE to ${gre.local}${gre.checksum ? ', with checksum' : ''})`;
  const make = [run('ip', ...greArguments(gre)), up];
  const { gre: there } = facts.tunnels;
  if (isGreRebuilt({ gre }, facts)) {
    const why = 'is another: until the directors follow, what they send is dropped';
    return [[{ sign: '~', what, why }, run('ip', 'link', 'del', GRE_DEVICE), ...make]];
  }
  if (there === null) return [added(what, 'not there', ...make)];
  return there.isUp ? [] : [added(`interface ${GRE_DEVICE} up`, 'tunnelled packets come in by it', up)];
}

/** What lvsctl placed and the topology no longer wants; what others made is left alone. */
export const removeTunnels: Operation = {
  name: 'former tunnels',
  decide({ placed: wanted }, { placed, network, tunnels }) {
    const ports = placed.guePorts.filter((port) => tunnels.guePorts.includes(port) && !wanted.guePorts.includes(port));
    return outcomeOf(
      [
        ...fallbackDevices(placed)
          .filter((device) => !fallbackDevices(wanted).includes(device) && network.up.includes(device))
          .map((device) => removed(`interface ${device} up`, run('ip', 'link', 'set', device, 'down'))),
        ...ports.map((port) => removed(`GUE on UDP port ${port}`, run('ip', 'fou', 'del', 'port', String(port)))),
        ...(placed.gre !== null && wanted.gre === null && tunnels.gre !== null
          ? [removed(`interface ${GRE_DEVICE}`, run('ip', 'link', 'del', GRE_DEVICE))]
          : []),
      ],
      'no former tunnel is left',
    );
  },
};

/** The GRE device is there, and is none that will do. */
export function isGreRebuilt({ gre }: Pick<Placed, 'gre'>, { tunnels: { gre: there } }: HostFacts): boolean {
  return gre !== null && there !== null && (there.local !== gre.local || there.checksum !== gre.checksum);
}

/** The GRE device has to be made, for the first time or anew. */
export function isGreMade(placed: Pick<Placed, 'gre'>, facts: HostFacts): boolean {
  return (placed.gre !== null && facts.tunnels.gre === null) || isGreRebuilt(placed, facts);
}

/** A tunnel by which packets may still come. */
export function losesTunnel(wanted: Placed, placed: Placed): boolean {
  return (
    fallbackDevices(placed).some((device) => !fallbackDevices(wanted).includes(device)) ||
    placed.guePorts.some((port) => !wanted.guePorts.includes(port)) ||
    (placed.gre !== null && wanted.gre === null)
  );
}

function added(what: string, why: string, ...commands: readonly Command[]): Deed {
  return [{ sign: '+', what, why }, ...commands];
}

function removed(what: string, ...commands: readonly Command[]): Deed {
  return [{ sign: '-', what, why: 'no longer wanted' }, ...commands];
}

function outcomeOf(deeds: readonly Deed[], nothing: string) {
  return outcome(
    deeds.map(([change]) => change),
    deeds.flatMap(([, ...commands]) => commands),
    nothing,
  );
}
