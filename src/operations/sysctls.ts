import { GRE_DEVICE } from '../desired/tunnels.ts';
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import { type Operation, outcome, run } from './operation.ts';
import { isGreMade, isGreRebuilt } from './tunnels.ts';

/** Live values; all in one `sysctl`, in the order of the wanted ones (ip_forward resets others, so it comes first). */
export const setSysctls: Operation = {
  name: 'sysctls',
  decide({ sysctls: lasting, modules, placed, director }, facts) {
    const { modules: loaded, agent } = facts;
    const live = withoutRebuilt(placed, facts);
    const present = Object.entries(director?.virtualSysctls ?? {}).filter(([key]) => live[key] !== undefined);
    const sysctls = { ...Object.fromEntries(present), ...lasting };
    // Keys of a module that is only now being loaded, or of a device that is being made, exist once that is done.
    const comes = modules.some(({ name }) => loaded[name] === 'available') || isGreMade(placed, facts);
    const differs = Object.entries(sysctls).filter(
      ([key, value]) =>
        live[key] !== value &&
        (live[key] !== undefined || comes) &&
        !isLent(agent?.state?.lent?.[key], value, live[key]),
    );
    return outcome(
      differs.map(([key, value]) => ({
        sign: '~',
        what: `sysctl ${key} = ${value}`,
        why: live[key] === undefined ? 'comes with the module or the device' : `is ${live[key]}${costOf(key, value)}`,
      })),
      differs.length === 0 ? [] : [run('sysctl', '-q', '-w', ...differs.map(([key, value]) => `${key}=${value}`))],
      'every value is live',
    );
  },
};

/** A device that is made anew has its settings anew. */
function withoutRebuilt(placed: Wanted['placed'], facts: HostFacts): HostFacts['sysctls'] {
  if (!isGreRebuilt(placed, facts)) return facts.sysctls;
  return Object.fromEntries(Object.entries(facts.sysctls).filter(([key]) => !key.includes(`.conf.${GRE_DEVICE}.`)));
}

/** What an operator should know who lets it be set. */
function costOf(key: string, value: string): string {
  const name = /^net\.ipv4\.conf\.(.+)\.accept_local$/.exec(key)?.[1];
  if (name === undefined || value !== '1') return '';
  return `; for answers to checks via: vip, which come from the VIP: packets that come in by ${name} may then name this host's own addresses as their source`;
}

/** The agent has changed it for a hand-over, and puts back what is wanted. */
function isLent(lent: { before: string; now: string } | undefined, wanted: string, live: string | undefined): boolean {
  return lent !== undefined && lent.now === live && lent.before === wanted;
}

/** What lvsctl once set and the topology no longer wants goes back to what it was, where that is known. */
export const restoreSysctls: Operation = {
  name: 'former sysctls',
  decide({ sysctls }, { originals, sysctls: live }) {
    const former = Object.entries(originals).filter(([key]) => !Object.hasOwn(sysctls, key));
    const back = former.flatMap(([key, value]) =>
      value === null || live[key] === undefined || live[key] === value ? [] : [[key, value] as const],
    );
    return outcome(
      back.map(([key, value]) => ({ sign: '-', what: `sysctl ${key}`, why: `no longer wanted; back to ${value}` })),
      back.length === 0 ? [] : [run('sysctl', '-q', '-w', ...back.map(([key, value]) => `${key}=${value}`))],
      'nothing to put back',
    );
  },
};
