/**
 * The script that a realserver runs at boot: POSIX sh with iproute2 or busybox, and nothing else. It sets the sysctls itself
 * before it adds a VIP, because the order of sysctl.d is not to be relied upon (a later file wins). Running it twice changes
 * nothing. Its record lines tell later runs what was placed.
 */
import { type Address, familyOf } from '../wire/address.ts';
import { RECORD_MARK } from './managed.ts';
import { silently } from './silent-vip.ts';
import { GRE_DEVICE, greArguments, IPV6_DEVICE, tunnelOverhead } from './tunnels.ts';
import { type Placed, type PlacedVip, RETURN_TABLE, type ReturnRoute, type Tunnels } from './wanted.ts';

export function hasWork({ vips, tunnel, tunnel6, returnRoute }: Placed): boolean {
  return vips.length > 0 || tunnel || tunnel6 || returnRoute !== null;
}

export function realserverScriptBody(placed: Placed, sysctls: Readonly<Record<string, string>>): string {
  return `#!/bin/sh
# Makes this host a realserver: \`start\` at boot, \`stop\` takes everything but the sysctls away again.
${recordLines(placed)}
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin

value() { # KEY'S PATH, VALUE; a key that does not exist here is not needed
  [ ! -e "/proc/sys/$1" ] || printf '%s\\n' "$2" >"/proc/sys/$1"
}
vip() { # ADDRESS/BITS DEVICE, and options
  address=$1 device=$2
  shift 2
  ip addr add "$address" dev "$device" "$@" 2>/dev/null || [ -n "$(ip -o addr show dev "$device" to "$address")" ]
}
${tunnelOverhead(placed) > 0 ? TUNNEL_FUNCTIONS : ''}rule() { # FAMILY PRIORITY, the rule as \`ip rule\` shows it
  family=$1 priority=$2
  shift 2
  case "$(ip "$family" rule)" in *"from $*"*) ;; *) ip "$family" rule add from "$@" priority "$priority" ;; esac
}

start() {
${indent(startLines(placed, sysctls))}
}

stop() {
${indent(stopLines(placed))}
}

case \${1:-} in
  start | stop) "$1" ;;
  *)
    echo "usage: $0 start|stop" >&2
    exit 64
    ;;
esac
`;
}

/** Only where something is tunnelled. */
const TUNNEL_FUNCTIONS = `gue() { # PORT
  case "$(ip fou show 2>/dev/null)" in *"port $1 gue"*) ;; *) ip fou add port "$1" gue ;; esac
}
segments() { # OVERHEAD of a tunnel: what clients send has to fit into it. At boot a default route may come later than this runs
  tries=0
  while [ "$tries" -lt 12 ]; do
    ip -4 route show | while read -r route; do
      case "$route " in
        *' advmss '* | *' mtu '* | nexthop* | *' dev lo '* | *' dev tunl0 '* | *' dev ${GRE_DEVICE} '*) continue ;;
        default*' dev '* | [0-9]*' dev '*) ;;
        *) continue ;;
      esac
      device=\${route#* dev }
      read -r mtu <"/sys/class/net/\${device%% *}/mtu" || continue
      # shellcheck disable=SC2086
      ip route change \${route%% linkdown*} advmss $((mtu - $1 - 40)) 2>/dev/null
    done
    [ -z "$(ip -4 route show default)" ] || break
    tries=$((tries + 1))
    sleep 5
  done
}
`;

function recordLines({ vips, tunnel, tunnel6, guePorts, gre, returnRoute }: Placed): string {
  return [
    `${RECORD_MARK} placed by lvsctl`,
    ...(tunnel ? [`${RECORD_MARK} tunnel tunl0`] : []),
    ...(tunnel6 ? [`${RECORD_MARK} tunnel ${IPV6_DEVICE}`] : []),
    ...guePorts.map((port) => `${RECORD_MARK} tunnel gue ${port}`),
    ...(gre ? [`${RECORD_MARK} tunnel gre ${gre.local}${gre.checksum ? ' checksum' : ''}`] : []),
    ...vips.map((vip) => `${RECORD_MARK} vip ${vip.device} ${vip.address}/${vip.prefixLength}`),
    ...(returnRoute
      ? [`${RECORD_MARK} return ${returnRoute.rip} via ${returnRoute.via}${directWords(returnRoute)}`]
      : []),
  ].join('\n');
}

function directWords({ direct }: ReturnRoute): string {
  return direct.length === 0 ? '' : ` direct ${direct.join(' ')}`;
}

function startLines({ vips, returnRoute, ...tunnels }: Placed, sysctls: Readonly<Record<string, string>>): string[] {
  const path = (key: string) => key.replaceAll(/[./]/g, (letter) => (letter === '.' ? '/' : '.'));
  return [
    ...tunnelLines(tunnels),
    ...Object.entries(sysctls).map(
      ([key, wanted]) => `value ${path(key)} '${wanted.replaceAll("'", `'\\''`)}' || return 1`,
    ),
    ...vips.map((vip) => `vip ${vipWords(vip)} || return 1`),
    ...(tunnelOverhead(tunnels) > 0 ? [`segments ${tunnelOverhead(tunnels)} &`] : []),
    ...(returnRoute ? routeLines(returnRoute) : []),
    'return 0',
  ];
}

function tunnelLines({ tunnel, tunnel6, guePorts, gre }: Tunnels): string[] {
  return [
    ...(tunnel ? ['[ -e /sys/class/net/tunl0 ] || modprobe ipip || return 1', 'ip link set tunl0 up || return 1'] : []),
    ...(tunnel6
      ? [
          `[ -e /sys/class/net/${IPV6_DEVICE} ] || modprobe ip6_tunnel || return 1`,
          `ip link set ${IPV6_DEVICE} up || return 1`,
        ]
      : []),
    ...(guePorts.length > 0 ? ['[ -d /sys/module/fou ] || modprobe fou || return 1'] : []),
    ...guePorts.map((port) => `gue ${port} || return 1`),
    ...(gre
      ? [
          '[ -d /sys/module/ip_gre ] || modprobe ip_gre || return 1',
          `[ -e /sys/class/net/${GRE_DEVICE} ] || ip ${greArguments(gre).join(' ')} || return 1`,
          `ip link set ${GRE_DEVICE} up || return 1`,
        ]
      : []),
  ];
}

/** The interface of the RIP may come up later than this runs: at boot the route is tried for a minute. */
function routeLines({ rip, via, direct }: ReturnRoute): string[] {
  const family = optionOf(rip);
  return [
    ...direct.map((address) => `rule ${family} ${RETURN_TABLE - 1} ${rip} to ${address} lookup main || return 1`),
    `rule ${family} ${RETURN_TABLE} ${rip} lookup ${RETURN_TABLE} || return 1`,
    'tries=0',
    `until ip ${family} route replace default via ${via} table ${RETURN_TABLE} 2>/dev/null; do`,
    '  tries=$((tries + 1))',
    '  [ "$tries" -lt 60 ] || return 1',
    '  sleep 1',
    'done',
  ];
}

function optionOf(address: Address): string {
  return `-${familyOf(address)}`;
}

function stopLines({ vips, guePorts, gre, returnRoute }: Placed): string[] {
  return [
    ...vips.map((vip) => `ip addr del ${vip.address}/${vip.prefixLength} dev ${vip.device} 2>/dev/null`),
    ...guePorts.map((port) => `ip fou del port ${port} 2>/dev/null`),
    ...(gre ? [`ip link del ${GRE_DEVICE} 2>/dev/null`] : []),
    ...(returnRoute
      ? [
          `while ip ${optionOf(returnRoute.rip)} rule del priority ${RETURN_TABLE} 2>/dev/null; do :; done`,
          `while ip ${optionOf(returnRoute.rip)} rule del priority ${RETURN_TABLE - 1} 2>/dev/null; do :; done`,
          `ip ${optionOf(returnRoute.rip)} route flush table ${RETURN_TABLE} 2>/dev/null`,
        ]
      : []),
    'return 0',
  ];
}

function vipWords({ address, prefixLength, device }: PlacedVip): string {
  return [`${address}/${prefixLength}`, device, ...silently(address)].join(' ');
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
