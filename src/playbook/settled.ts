/** Whether a director has come up with what it was given: what the next one is waited for with. */
import type { Wanted } from '../desired/wanted.ts';
import type { AgentFacts } from '../facts/agent.ts';
import type { Context } from '../operations/operation.ts';
import type { AgentState, InstanceState } from '../status/state.ts';

export type Settled =
  | { readonly settled: true }
  /** `final`: waiting longer will not mend it; `hints`: what will. */
  | { readonly settled: false; readonly why: string; readonly final: boolean; readonly hints?: readonly string[] };

/** @param pinned instances that are held, and hear no MASTER before that has changed too */
export function settledState(
  wanted: Wanted,
  agent: AgentFacts | null,
  context: Context,
  pinned: readonly string[] = [],
): Settled {
  const { configHash, release } = context;
  const state = agent?.state;
  if (!state) return waiting(`the agent does not answer: ${agent?.silence ?? 'it is not running'}`);
  const { config, ipvs } = state;
  if (config.error !== null && config.hash !== configHash) {
    return { settled: false, why: `the agent went back to its last good configuration: ${config.error}`, final: true };
  }
  if (config.hash !== configHash) return waiting('the agent has not taken the configuration yet');
  if (release !== null && state.release !== release)
    return waiting(`the agent still runs release ${state.release.slice(0, 12)}`);
  if (wanted.director?.usesIpvs && !ipvs.inSync)
    return waiting(`IPVS is not programmed yet${ipvs.error ? `: ${ipvs.error}` : ''}`);
  const old = oldVrrpRelease(state, agent, context);
  if (old !== null) return waiting(`the VRRP process still runs release ${old.slice(0, 12)}`);
  const vrrp = vrrpState(wanted, state, pinned);
  return vrrp.settled ? firstVerdicts(state) : vrrp;
}

/** The release of a VRRP process that is made of other parts than the wanted one. */
function oldVrrpRelease({ vrrp }: AgentState, agent: AgentFacts, { release, vrrpParts }: Context): string | null {
  if (vrrp.release === undefined || vrrp.release === release) return null;
  return agent.vrrpParts[vrrp.release] === vrrpParts ? null : vrrp.release;
}

/** As the start gate of VRRP does: a director that balances to nobody yet is waited for, ten seconds at most. */
const VERDICTS_WITHIN_MS = 10_000;

function firstVerdicts({ checks, at }: AgentState): Settled {
  const open = checks.find(({ verdict, since }) => verdict === 'unknown' && at - since < VERDICTS_WITHIN_MS);
  return open === undefined ? { settled: true } : waiting(`the first verdict of ${open.check} is not in`);
}

/** The director asks again every few seconds: an address that was on its way out is gone by then. */
const FOREIGN_OWNER_FINAL_MS = 10_000;
const FOREIGN_OWNER_HINT =
  'take the address off the host with that MAC; the director asks again every few seconds, and serves when nobody answers';

/** Somebody else has an address that it is to take: it does not serve before that is mended, and neither would the next director. */
function foreignOwner({ name, state, cause, since, owners = [] }: InstanceState, at: number): Settled | null {
  if (state !== 'FAULT' || owners.length === 0) return null;
  const why = `VRRP instance ${name} is in FAULT: ${cause}`;
  return { settled: false, why, final: at - since >= FOREIGN_OWNER_FINAL_MS, hints: [FOREIGN_OWNER_HINT] };
}

function vrrpState(wanted: Wanted, { vrrp, at }: AgentState, pinned: readonly string[]): Settled {
  const instances = wanted.director?.instances ?? [];
  if (instances.length > 0 && !vrrp.alive) return waiting('the VRRP process does not answer');
  for (const { name } of instances) {
    const instance = vrrp.instances.find((one) => one.name === name);
    if (instance === undefined || instance.state === 'INIT') return waiting(`VRRP instance ${name} has not begun`);
    const foreign = foreignOwner(instance, at);
    if (foreign !== null) return foreign;
    if (instance.state === 'BACKUP' && instance.master === null && !pinned.includes(name)) {
      const gate = instance.waitingFor ? ` and waits for ${instance.waitingFor}` : '';
      return waiting(`VRRP instance ${name} hears no MASTER${gate}`);
    }
  }
  return { settled: true };
}

function waiting(why: string): Settled {
  return { settled: false, why, final: false };
}
