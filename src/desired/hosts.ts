/** Config → every host of the cluster, each with all that it shall be. A name that is both director and realserver is one host. */
import type { Config } from '../config/config.ts';
import { directorParts } from './director.ts';
import { realserverParts } from './realserver.ts';
import { NOTHING_PLACED, type Wanted } from './wanted.ts';

/** Directors first, each group in the order of the topology. */
export function wantedHosts(config: Config): Wanted[] {
  const names = new Set([...config.directors, ...config.realservers].map(({ name }) => name));
  return [...names].map((name) => wantedHost(config, name));
}

function wantedHost(config: Config, name: string): Wanted {
  const director = config.directors.find((one) => one.name === name);
  const realserver = config.realservers.find((one) => one.name === name);
  const balances = director && directorParts(config, director);
  const serves = realserver && realserverParts(config, realserver);
  return {
    host: name,
    cluster: config.cluster,
    director: balances?.director ?? null,
    modules: [...(balances?.modules ?? []), ...(serves?.modules ?? [])],
    sysctls: { ...serves?.sysctls, ...balances?.sysctls },
    // A director takes the VIP by VRRP and delivers to itself locally; a silent copy on lo would answer before IPVS does.
    placed: balances ? NOTHING_PLACED : (serves?.placed ?? NOTHING_PLACED),
    serves: balances ? [] : (serves?.serves ?? []),
    inbound: [...(balances?.inbound ?? []), ...(serves?.inbound ?? [])],
    onLink: balances ? directlyReached(config, name) : [],
  };
}

function directlyReached(config: Config, director: string) {
  const addresses = config.services
    .filter(({ mode }) => mode === 'dr')
    .flatMap(({ realservers }) => realservers.filter(({ name }) => name !== director).map(({ address }) => address));
  return [...new Set(addresses)];
}
