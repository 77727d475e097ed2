/**
 * The cables: one bridge a network in `fabric`, one veth pair an interface. A machine's end is called `lb1-front` (the
 * machine takes its frames off it by AF_PACKET), the bridge's end `lb1-front.p`; the client's end is its own ethN.
 */
import {
  address6Of,
  addressOf,
  CLIENT_SOURCES,
  CLIENT_SOURCES6,
  HOSTS,
  type Host,
  interfaceOf,
  MACHINES,
  macOf,
  NETWORKS,
  type Network,
} from './layout.ts';

/** The bridge's end of a host's cable: what is unplugged to cut it off. */
export function portOf(host: Host, network: Network): string {
  return `${host}-${network}.p`;
}

/** A machine's own end of its cable. */
export function cableOf(host: Host, network: Network): string {
  return `${host}-${network}`;
}

/**
 * The sh script that lays them, run inside the lab. Offloads are off on both ends, or frames would arrive without
 * checksums and larger than the MTU. No snooping: multicast adverts must pass although nobody asks for membership.
 */
export function networkScript(): string {
  const bridges = NETWORKS.flatMap((network) => [
    `link add ${network} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set ${network} up`,
  ]);
  const pairs = MACHINES.flatMap((machine) =>
    NETWORKS.flatMap((network) => [
      `link add ${cableOf(machine, network)} type veth peer name ${portOf(machine, network)}`,
      `link set ${cableOf(machine, network)} arp off up`,
    ]),
  );
  const plugs = HOSTS.flatMap((host) =>
    NETWORKS.map((network) => `link set ${portOf(host, network)} master ${network} up`),
  );
  const client = NETWORKS.flatMap((network) => [
    `link set ${interfaceOf(network)} up`,
    `addr add ${addressOf('client', network)}/24 dev ${interfaceOf(network)}`,
    `addr add ${address6Of('client', network)}/64 dev ${interfaceOf(network)} nodad`,
  ]);
  const sources = [
    ...CLIENT_SOURCES.map((address) => `addr add ${address}/32 dev ${interfaceOf('front')}`),
    // Never preferred: the client itself would otherwise take one that has more in common with a VIP.
    ...CLIENT_SOURCES6.map((address) => `addr add ${address}/128 dev ${interfaceOf('front')} preferred_lft 0 nodad`),
  ];
  return `set -eu
ip netns exec fabric sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e "$f" ] || echo 1 > "$f"; done'
ip -n fabric -batch - <<END
${[...bridges, ...pairs].join('\n')}
END
ip -batch - <<END
${NETWORKS.map((network) => `link add ${interfaceOf(network)} address ${macOf('client', network)} type veth peer name ${portOf('client', network)} netns fabric`).join('\n')}
${[...client, ...sources].join('\n')}
END
ip -n fabric -batch - <<END
${plugs.join('\n')}
END
off='tx off gso off tso off gro off'
for i in ${NETWORKS.map(interfaceOf).join(' ')}; do ethtool -K $i $off; done
ip netns exec fabric sh -c 'for i in /sys/class/net/*-*; do ethtool -K "\${i##*/}" '"$off"'; done'
`;
}
