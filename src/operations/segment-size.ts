import { segmentOf, tunnelOverhead } from '../desired/tunnels.ts';
import type { HostFacts } from '../facts/host.ts';
import type { RouteFact } from '../facts/routes.ts';
import type { Command } from '../shell/command.ts';
import { type Change, type Operation, outcome, run } from './operation.ts';

/**
 * A realserver tells clients how large a segment may be, and what they send has to fit into the tunnel: else it depends on the
 * director's ICMP reaching them (measured: an upload hung where it did not, and what helped was `advmss` here; the SYN-ACK does not
 * pass the director). The main routes get it, for answers leave by them. A smaller one of the host's own is left as it is.
 */
export const segmentSize: Operation = {
  name: 'segment size',
  decide({ placed }, facts) {
    const differing = facts.routes.flatMap((route) => differenceOf(route, placed, facts));
    return outcome(
      differing.map(([change]) => change),
      differing.map(([, command]) => command),
      tunnelOverhead(placed) === 0 ? 'nothing is tunnelled' : 'what clients send fits into the tunnel',
    );
  },
};

type Placed = Parameters<typeof tunnelOverhead>[0];

function differenceOf(route: RouteFact, placed: Placed, facts: HostFacts): (readonly [Change, Command])[] {
  if (SILENT.has(route.device)) return [];
  const { advmss } = route;
  const wanted = segmentOf(route.mtu, tunnelOverhead(placed));
  const isOurs = advmss !== null && advmss === segmentOf(route.mtu, tunnelOverhead(facts.placed));
  const what = `advmss of route ${route.words.slice(0, 3).join(' ')}`;
  if (wanted === null) {
    if (!isOurs) return [];
    return [[{ sign: '-', what, why: 'nothing is tunnelled any more' }, change(route, [])]];
  }
  if (advmss !== null && (advmss === wanted || (advmss < wanted && !isOurs))) return [];
  const why = `what clients send must fit into the tunnel; ${advmss === null ? 'is not set' : `is ${advmss}`}`;
  return [[{ sign: '~', what: `${what} = ${wanted}`, why }, change(route, ['advmss', String(wanted)])]];
}

/** Answers do not leave by them. */
const SILENT: ReadonlySet<string> = new Set(['lo', 'tunl0', 'lvs-gre']);

function change({ words }: RouteFact, more: readonly string[]): Command {
  return run('ip', 'route', 'change', ...words, ...more);
}
