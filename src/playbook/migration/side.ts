/** One director as a migration finds it: which program speaks VRRP there, and whose addresses it holds. Pure. */
import type { Config } from '../../config/config.ts';
import { AGENT_UNIT } from '../../desired/agent-units.ts';
import { GRE_DEVICE } from '../../desired/tunnels.ts';
import type { HostFacts } from '../../facts/host.ts';
import { KEEPALIVED_UNIT, recordOf } from '../../operations/keepalived.ts';

export interface Side {
  readonly director: string;
  readonly speaks: 'keepalived' | 'agent' | 'both' | 'nobody';
  /** Instances whose addresses it holds. */
  readonly holds: readonly string[];
  /** lvsctl has stopped keepalived there: there is a way back. */
  readonly wasKeepalived: boolean;
  /** Hash of the configuration that its agent has. */
  readonly configHash: string | null;
}

export function sideOf(config: Config, director: string, facts: HostFacts): Side {
  const keepalived = facts.units[KEEPALIVED_UNIT]?.active ?? false;
  const agent = facts.units[AGENT_UNIT]?.active ?? false;
  return {
    director,
    speaks: keepalived ? (agent ? 'both' : 'keepalived') : agent ? 'agent' : 'nobody',
    holds: heldOn(config, director, facts),
    wasKeepalived: recordOf(facts) !== null,
    configHash: agent ? (facts.agent?.state?.config.hash ?? null) : null,
  };
}

const SILENT_DEVICES: readonly string[] = ['lo', 'tunl0', GRE_DEVICE];

/** By the addresses themselves: whoever put them there answers for them. On lo and in tunnels they are a realserver's. */
export function heldOn(config: Config, director: string, { network }: Pick<HostFacts, 'network'>): string[] {
  const there = new Set(
    network.addresses.filter(({ device }) => !SILENT_DEVICES.includes(device)).map(({ address }) => address),
  );
  return config.instances
    .filter(({ speakers }) => speakers.some((one) => one.director === director))
    .filter(({ vips }) => vips.every(({ address }) => there.has(address)))
    .map(({ name }) => name);
}
