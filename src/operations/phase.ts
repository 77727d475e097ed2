/**
 * A realserver changes in phases, so that no client is answered by nobody: it grows before the directors know it, gets its
 * return route once a director holds the gateway, and loses things only when no director sends it anything any more.
 */
import type { Placed, Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';

/** All that is wanted and all that was placed: nothing is taken away, and a return route is neither added nor moved. */
export function growing(wanted: Wanted, facts: HostFacts): Wanted {
  const { placed } = facts;
  return {
    ...wanted,
    sysctls: { ...formerSysctls(wanted, facts), ...wanted.sysctls },
    placed: { ...union(wanted.placed, placed), returnRoute: placed.returnRoute },
  };
}

/** As growing, with the return route as it is wanted; one that is not wanted stays until the end. */
export function returning(wanted: Wanted, facts: HostFacts): Wanted {
  return {
    ...growing(wanted, facts),
    placed: {
      ...union(wanted.placed, facts.placed),
      returnRoute: wanted.placed.returnRoute ?? facts.placed.returnRoute,
    },
  };
}

function union(wanted: Placed, placed: HostFacts['placed']): Placed {
  const key = (vip: Placed['vips'][number]) => `${vip.device} ${vip.address}`;
  const kept = placed.vips.filter((vip) => !wanted.vips.some((other) => key(other) === key(vip)));
  return {
    vips: [...wanted.vips, ...kept].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
    tunnel: wanted.tunnel || placed.tunnel,
    tunnel6: wanted.tunnel6 || placed.tunnel6,
    guePorts: [...new Set([...wanted.guePorts, ...placed.guePorts])].sort((a, b) => a - b),
    gre: wanted.gre ?? placed.gre,
    returnRoute: null,
  };
}

/** Sysctls that were set for what is still there: a VIP that is leaving must stay silent. */
function formerSysctls(wanted: Wanted, { originals, sysctls }: HostFacts): Record<string, string> {
  const former = Object.keys(originals).filter((key) => !Object.hasOwn(wanted.sysctls, key));
  return Object.fromEntries(former.flatMap((key) => (sysctls[key] === undefined ? [] : [[key, sysctls[key]]])));
}
