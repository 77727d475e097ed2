/** Who else on a director manages the addresses of its interfaces, and who else made services in IPVS. */
import { quote } from '../shell/quote.ts';
import { type Address, addressFromBytes, parseAddress } from '../wire/address.ts';
import { type Fact, linesOf } from './fact.ts';

export interface RivalFacts {
  /** Interfaces that systemd-networkd configures, with the file it does so by; those that are told to keep what others add are missing. */
  readonly networkd: Readonly<Record<string, string>>;
  /** Interfaces that NetworkManager manages. */
  readonly networkManager: readonly string[];
  /** A DHCP client of its own, which is neither of these, runs. */
  readonly dhcpcd: boolean;
  /** Services of the kernel's table, as `tcp 10.0.0.1:80` or `fwm 6`; none where an agent tells of them. */
  readonly services: readonly string[];
}

export interface RivalQuestion {
  readonly interfaces: readonly string[];
  /** Of the agent that would tell of the table itself. */
  readonly socket: string;
  /** Before every path; for tests. */
  readonly root?: string;
}

/**
 * A fork for each interface that networkd configures, and one for a table that no agent tells of: on most directors none.
 * networkd takes an address that it does not know and that has a lifetime, as VIPs do, for one of DHCP (networkd-address.c,
 * link_address_is_dynamic): it keeps those with KeepConfiguration= yes, dhcp or dynamic (systemd.network(5)), not with static.
 */
export const rivalsFact: Fact<RivalQuestion, RivalFacts> = {
  name: 'rivals',
  script: ({ interfaces, socket, root = '' }) => `for i in ${interfaces.map(quote).join(' ')}; do
  [ -r "${root}/sys/class/net/$i/ifindex" ] && read -r n <"${root}/sys/class/net/$i/ifindex" || continue
  if [ -r "${root}/run/systemd/netif/links/$n" ]; then
    a= f=
    while IFS='=' read -r k v; do
      case $k in ADMIN_STATE) a=$v ;; NETWORK_FILE) f=$v ;; esac
    done <"${root}/run/systemd/netif/links/$n"
    if [ -n "$f" ] && [ "$a" != unmanaged ]; then
      b=\${f##*/}
      grep -qsiE '^[[:space:]]*KeepConfiguration[[:space:]]*=[[:space:]]*(yes|true|on|1|dhcp|dynamic)[[:space:]]*$' \\
        "${root}$f" "${root}/etc/systemd/network/$b.d/"*.conf "${root}/run/systemd/network/$b.d/"*.conf || echo "networkd $i $f"
    fi
  fi
  if [ -r "${root}/run/NetworkManager/devices/$n" ]; then
    while IFS='=' read -r k v; do
      [ "$k=$v" != managed=true ] || echo "networkmanager $i"
    done <"${root}/run/NetworkManager/devices/$n"
  fi
done
for f in ${root}/run/dhcpcd/pid ${root}/run/dhcpcd.pid ${root}/run/dhcpcd/*.pid ${root}/run/dhcpcd-*.pid; do
  if [ -r "$f" ] && read -r n <"$f" && [ -d "/proc/$n" ]; then echo dhcpcd; fi
done
[ -S ${quote(socket)} ] || [ ! -r ${root}/proc/net/ip_vs ] || grep -E '^(TCP|UDP|SCTP|FWM) ' ${root}/proc/net/ip_vs
:`,
  parse(printed) {
    const lines = linesOf(printed);
    return {
      networkd: Object.fromEntries(
        lines.flatMap((line) => {
          const [, name, file] = /^networkd (\S+) (\S+)$/.exec(line) ?? [];
          return name === undefined || file === undefined ? [] : [[name, file]];
        }),
      ),
      networkManager: lines.flatMap((line) => /^networkmanager (\S+)$/.exec(line)?.[1] ?? []),
      dhcpcd: lines.includes('dhcpcd'),
      services: lines.flatMap((line) => serviceOf(line) ?? []),
    };
  },
};

/** A line of /proc/net/ip_vs (net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_info_seq_show): hexadecimal, IPv6 in brackets. */
function serviceOf(line: string): string | undefined {
  const mark = /^FWM +([0-9A-F]{8}) /.exec(line)?.[1];
  if (mark !== undefined) return `fwm ${Number.parseInt(mark, 16)}`;
  const [, protocol, four, six, port] =
    /^(TCP|UDP|SCTP) +(?:([0-9A-F]{8})|\[([0-9a-f:]+)\]):([0-9A-F]{4}) /.exec(line) ?? [];
  const address = four === undefined ? parseAddress(six ?? '') : fromHex(four);
  if (protocol === undefined || address === undefined || port === undefined) return undefined;
  const shown = address.includes(':') ? `[${address}]` : address;
  return `${protocol.toLowerCase()} ${shown}:${Number.parseInt(port, 16)}`;
}

function fromHex(digits: string): Address {
  return addressFromBytes(Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
}
