/** Tunnels: what one realserver can have beside each other. */
import type { Context, Rule } from './rule.ts';

/** A realserver's GRE device takes packets with a checksum or packets without, and there is one for each address of its own. */
function checksumsAgree({ config, report }: Context): void {
  const first = new Map<string, { readonly service: string; readonly checksum: boolean }>();
  for (const { name: service, mode, tunnel, realservers } of config.services) {
    if (mode !== 'tun' || tunnel.type !== 'gre') continue;
    const other = realservers.find(({ name }) => (first.get(name)?.checksum ?? tunnel.checksum) !== tunnel.checksum);
    if (other !== undefined) {
      const message = `realserver ${other.name} also serves ${first.get(other.name)?.service}, whose GRE is ${tunnel.checksum ? 'without' : 'with'} a checksum: it can take one kind only`;
      report(['services', service, 'tunnel'], message, { expected: 'the same `checksum` in both, or another `type`' });
    }
    for (const { name } of realservers) if (!first.has(name)) first.set(name, { service, checksum: tunnel.checksum });
  }
}

export const TUNNEL_RULES: readonly Rule[] = [
  { needs: ['realservers', 'groups'], followsNames: true, check: checksumsAgree },
];
