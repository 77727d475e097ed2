/** What `GET /v1/state` tells of services as a whole. Pure. */
import type { ServiceConfig } from '../config/service.ts';
import type { ServiceStanding } from '../health/service-standing.ts';
import type { Verdict } from '../health/verdict.ts';
import type { PolicyState } from '../status/state.ts';

/**
 * @param sorry - the verdict on its sorry server
 * @param wallOf - epoch ms of a time on the agent's monotonic clock
 */
export function policyStateOf(
  service: ServiceConfig,
  standing: ServiceStanding,
  sorry: Verdict,
  nowMs: number,
  wallOf: (monotonicMs: number) => number,
): PolicyState {
  const { quorum, quorumSinceMs, living, failOpen } = standing;
  const { weight: needed, hysteresis } = service.quorum;
  const { open } = failOpen;
  return {
    name: service.name,
    quorum: { state: quorum, since: wallOf(quorumSinceMs), ...living, needed, hysteresis },
    sorry: service.sorry === null ? null : sorryWord(standing, sorry),
    failOpen: open === null ? null : { since: wallOf(open.sinceMs), realservers: [...open.held] },
    rising: rising(service, standing, nowMs, wallOf),
  };
}

function sorryWord({ sorryServes }: ServiceStanding, verdict: Verdict): PolicyState['sorry'] {
  if (sorryServes) return 'serves';
  return verdict === 'down' ? 'down' : 'ready';
}

function rising(
  { realservers, slowStartMs }: ServiceConfig,
  { servingSince }: ServiceStanding,
  nowMs: number,
  wallOf: (monotonicMs: number) => number,
): PolicyState['rising'] {
  return realservers.flatMap(({ name: realserver, weight }) => {
    const untilMs = (servingSince.get(realserver) ?? Number.NEGATIVE_INFINITY) + slowStartMs;
    return weight > 1 && untilMs > nowMs ? [{ realserver, weight, until: wallOf(untilMs) }] : [];
  });
}
