/** Connection sync and IPVS settings, with the defaults that depend on the rest of the topology. */

import { type Address, type Family, familyOf } from '../../wire/address.ts';
import type { ConnectionSyncConfig, IpvsConfig } from '../config.ts';
import type { RawTopology } from '../schema/topology.ts';

export function syncOf(top: RawTopology): ConnectionSyncConfig {
  const [firstInstance] = top.vrrp;
  return {
    ...top.sync,
    interface: top.sync.interface ?? null,
    id: top.sync.id ?? firstInstance?.[1].vrid ?? 1,
    group: top.sync.group ?? GROUPS[syncFamily(top)],
  };
}

const GROUPS: Readonly<Record<Family, Address>> = { 4: '224.0.0.81' as Address, 6: 'ff02::81' as Address };

/** The kernel multicasts IPv4 only from an interface that has an IPv4 address (ip_vs_sync.c, bind_mcastif_addr). */
function syncFamily({ sync, directors }: RawTopology): Family {
  const dips = directors.flatMap(([, { dip }]) => {
    const found = dip.find(([name]) => name === sync.interface) ?? dip.at(-1);
    return found?.[1] ?? [];
  });
  return dips.length > 0 && dips.every((address) => familyOf(address) === 6) ? 6 : 4;
}

/**
 * The kernel's own values cut or misroute connections (Documentation/networking/ipvs-sysctl.rst): conn_reuse_mode 1 sends
 * reused source ports to a drained realserver in DR and TUN; expire_quiescent_template 0 keeps persistent clients on it.
 */
function sysctlDefaults(top: RawTopology): Readonly<Record<string, string>> {
  const direct = top.services.some(([, service]) => service.mode !== 'nat');
  return {
    ...(direct ? { conn_reuse_mode: '3' } : {}),
    expire_quiescent_template: '1',
    expire_nodest_conn: '0',
    backup_only: '0',
  };
}

export function ipvsOf(top: RawTopology): IpvsConfig {
  const { timeouts } = top.ipvs;
  const wait = top.services.some(([, service]) => service.drain.persistent === 'wait');
  return {
    timeoutsMs: { tcp: timeouts.tcp ?? null, tcpFin: timeouts.tcp_fin ?? null, udp: timeouts.udp ?? null },
    connectionTableBits: top.ipvs.connection_table_bits ?? null,
    onStart: top.ipvs.on_start,
    onStop: top.ipvs.on_stop,
    probeMarks: top.ipvs.probe_marks,
    sysctl: {
      ...sysctlDefaults(top),
      ...(wait ? { expire_quiescent_template: '0' } : {}),
      ...Object.fromEntries(top.ipvs.sysctl),
    },
  };
}
