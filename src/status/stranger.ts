/** Who is not of us and touches what is ours, in words: owners of our addresses, and speakers of our VRID. */
import type { InstanceState } from './state.ts';

type Named = Pick<InstanceState, 'name' | 'vrid' | 'interface' | 'version'> & { readonly vips: readonly string[] };
type Stranger = Omit<NonNullable<InstanceState['strangers']>[number], 'addresses'> & {
  readonly addresses: readonly string[];
};

/** Of a list that anybody may have sent. */
const MOST_SHOWN = 4;

/** `foreign VRID 51 on eth1: 10.77.1.99 advertises it with 10.77.1.200 (version 3, priority 250); here it is public` */
export function strangerAlarm({ name, vrid, interface: on, version, vips }: Named, stranger: Stranger): string {
  const { source, isKnown, addresses, priority } = stranger;
  const shown = addresses.slice(0, MOST_SHOWN).join(' ');
  const more = addresses.length > MOST_SHOWN ? ` and ${addresses.length - MOST_SHOWN} more` : '';
  const what = `${source} advertises it with ${shown}${more} (version ${stranger.version}, priority ${priority})`;
  if (!isKnown) return `foreign VRID ${vrid} on ${on}: ${what}; here it is ${name}`;
  const ours = `${name} here is version ${version} with ${vips.slice(0, MOST_SHOWN).join(' ')}`;
  return `VRID ${vrid} on ${on} is not the same everywhere: ${what}; ${ours}`;
}

/** Where it is looked for first, and who asks again. */
function ownerAlarm({ name, vips }: Named, owner: NonNullable<InstanceState['owners']>[number]): string {
  const { address, interface: on, mac } = owner;
  const others = vips.length > 1 ? ' and its other addresses' : '';
  const who = mac ?? 'a neighbour that does not tell its MAC';
  return `${address} on ${on} is in use by ${who}: ${name} takes it${others} only when nobody answers for it any more`;
}

/** Of an instance, one sentence each. */
export function strangerAlarms(instance: InstanceState): string[] {
  const { owners = [], strangers = [] } = instance;
  return [...owners.map((one) => ownerAlarm(instance, one)), ...strangers.map((one) => strangerAlarm(instance, one))];
}
