/** What tunnelled packets come in by: GUE ports and the GRE device of ours. Asked only where there may be some. */
import { type Address, parseAddress } from '../wire/address.ts';
import { type Fact, linesOf } from './fact.ts';

export interface TunnelFacts {
  readonly guePorts: readonly number[];
  /** null: there is none, or it is of another kind. */
  readonly gre: { readonly local: Address; readonly checksum: boolean; readonly isUp: boolean } | null;
}

export const tunnelsFact: Fact<{ readonly greDevice: string }, TunnelFacts> = {
  name: 'tunnels',
  script: ({ greDevice }) => `[ ! -d /sys/module/fou ] || ip fou show 2>/dev/null
[ ! -e '/sys/class/net/${greDevice}' ] || ip -o -d link show dev '${greDevice}' 2>/dev/null
:`,
  parse(printed) {
    const lines = linesOf(printed);
    return { guePorts: lines.flatMap(guePortOf), gre: lines.map(greOf).find((device) => device !== null) ?? null };
  },
};

/** `port 6080 gue`; one of IPv6 has `-6` or an address behind it. */
function guePortOf(line: string): number[] {
  const [, port] = /^port (\d+) gue\s*$/.exec(line) ?? [];
  return port === undefined ? [] : [Number(port)];
}

/** `7: lvs-gre@NONE: <NOARP,UP,LOWER_UP> mtu …\    link/gre …\    gre remote any local 10.0.0.21 ttl inherit nopmtudisc icsum …` */
function greOf(line: string): TunnelFacts['gre'] {
  const [, flags = '', text = '', options = ''] =
    /^\d+: \S+ <([^>]*)>.* gre remote any local (\S+) (.*)$/.exec(line) ?? [];
  const local = parseAddress(text);
  if (local === undefined) return null;
  const words = options.split(/\s+/);
  return { local, checksum: words.includes('icsum') || words.includes('csum'), isUp: flags.split(',').includes('UP') };
}
