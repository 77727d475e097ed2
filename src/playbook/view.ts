/** What has been read of hosts, seen with one configuration: what each shall be like by it, and what all of them share. Pure. */
import type { Config } from '../config/config.ts';
import { hashedText } from '../desired/agent-config.ts';
import { AGENT_UNIT } from '../desired/agent-units.ts';
import { wantedHosts } from '../desired/hosts.ts';
import { mixedFor } from '../desired/mixed.ts';
import { runsKeepalived } from '../operations/keepalived.ts';
import type { Reading } from './cluster.ts';
import { exchangeKeyFor } from './exchange-key.ts';
import { pinsFor } from './pins.ts';
import { generationFor, type Shared } from './plan.ts';

export interface View {
  readonly readings: readonly Reading[];
  readonly shared: Shared;
}

export type Surroundings = Pick<Shared, 'digest' | 'releases'> & { readonly nowSeconds: number };

/**
 * Directors on which keepalived runs and no agent. Of those that were not read it is known from the agents: one that takes part,
 * and is no director to them, was left at its keepalived.
 */
export function unmanagedAmong({ directors, instances }: Config, readings: readonly Reading[]): string[] {
  const read = readings.flatMap((reading) => ('facts' in reading ? [reading] : []));
  const running = read.flatMap(({ facts }) => facts.agent?.state?.vrrp.instances ?? []);
  return directors.flatMap(({ name }) => {
    const facts = read.find(({ target }) => target.wanted.host === name)?.facts;
    if (facts !== undefined) {
      const isAgent = facts.units[AGENT_UNIT]?.active ?? false;
      return runsKeepalived(facts) && !isAgent ? [name] : [];
    }
    const isLeftOut = running.some(({ name: instance, speech }) => {
      const own = instances.find((one) => one.name === instance);
      const takesPart = own?.speakers.some(({ director }) => director === name) ?? false;
      return takesPart && speech != null && !Object.hasOwn(speech.speakers, name);
    });
    return isLeftOut ? [name] : [];
  });
}

/** @param keepalived directors that run keepalived: the agents of the others have them as foreign speakers */
export function viewOf(
  whole: Config,
  keepalived: readonly string[],
  read: readonly Reading[],
  { digest, releases, nowSeconds }: Surroundings,
): View {
  const config = mixedFor(whole, keepalived);
  const wanted = new Map(wantedHosts(config).map((one) => [one.host, one]));
  // What would be done with one that runs keepalived is what the topology says.
  const readings = read.map((reading) => {
    const { host } = reading.target.wanted;
    const mixed = keepalived.includes(host) ? undefined : wanted.get(host);
    return mixed === undefined ? reading : { ...reading, target: { ...reading.target, wanted: mixed } };
  });
  const configHash = digest(hashedText(config));
  const { length } = config.directors;
  const shared: Shared = {
    ...{ digest, configHash, releases, firewall: config.firewall },
    generation: generationFor(readings, configHash, length, nowSeconds),
    exchange: exchangeKeyFor(readings, length),
    pins: pinsFor(
      readings.filter(({ target }) => !keepalived.includes(target.wanted.host)),
      (name) => speakersOf(whole, name).filter((director) => keepalived.includes(director)),
    ),
  };
  return { readings, shared };
}

function speakersOf({ instances }: Config, name: string): string[] {
  return instances
    .filter((one) => one.name === name)
    .flatMap(({ speakers }) => speakers.map(({ director }) => director));
}
