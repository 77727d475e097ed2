/** IPv4 routes of the host's own by which it answers, where there are tunnels: what they tell others of the size of a segment. */
import { type Fact, linesOf } from './fact.ts';

export interface RouteFact {
  /** As `ip route` takes it again: no `advmss`, and none of the marks that it only shows. */
  readonly words: readonly string[];
  readonly device: string;
  /** Of the device, bytes. */
  readonly mtu: number;
  /** Bytes; null: the kernel's choice, which is what fits the device. */
  readonly advmss: number | null;
}

export interface RoutesQuestion {
  readonly tunnelled: boolean;
  /** Of which one is there if there may be tunnels of an earlier topology. */
  readonly tunnelDevices: readonly string[];
}

/** The `ip` of busybox knows no `advmss`: there, routes are as they are. */
export const routesFact: Fact<RoutesQuestion, readonly RouteFact[]> = {
  name: 'routes',
  script({ tunnelled, tunnelDevices }) {
    const isThere = tunnelDevices.map((name) => `[ -e '/sys/class/net/${name}' ]`);
    return `if ${[tunnelled, ...isThere].join(' || ')}; then
  alone=
  for f in /usr/sbin/ip /usr/bin/ip /sbin/ip /bin/ip; do [ ! "$f" -ef /bin/busybox ] || alone=1; done
  for f in /sys/class/net/*/mtu; do
    d=\${f%/mtu}
    ! read -r v 2>/dev/null <"$f" || echo "mtu \${d##*/} $v"
  done
  [ -n "$alone" ] || ip -4 route show 2>/dev/null
fi
:`;
  },
  parse(printed) {
    const lines = linesOf(printed);
    const mtus = new Map(lines.flatMap(mtuOf));
    return lines.flatMap((line) => routeOf(line, mtus));
  },
};

function mtuOf(line: string): [string, number][] {
  const [, device = '', mtu] = /^mtu (\S+) (\d+)$/.exec(line) ?? [];
  return mtu === undefined ? [] : [[device, Number(mtu)]];
}

/** Words that `ip` shows and does not take. */
const SHOWN = new Set(['linkdown', 'dead', 'pervasive', 'offload', 'trap', 'offload_failed', 'unresolved']);

/** Of one way only, and without an MTU of its own: whoever has written that knows what fits. */
function routeOf(line: string, mtus: ReadonlyMap<string, number>): RouteFact[] {
  if (!/^(default|[\d./]+) /.test(line) || / (mtu|nexthop) /.test(line)) return [];
  const device = / dev (\S+)/.exec(line)?.[1] ?? '';
  const mtu = mtus.get(device);
  if (mtu === undefined) return [];
  const advmss = / advmss (\d+)/.exec(line)?.[1];
  const words = line.replace(/ advmss \d+/, '').split(/\s+/).filter((word) => word !== '' && !SHOWN.has(word)); // biome-ignore format: one line
  return [{ words, device, mtu, advmss: advmss === undefined ? null : Number(advmss) }];
}
