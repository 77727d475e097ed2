/** What there is to tell of a service from one look to the next, in sentences. Pure. */
import type { ServiceConfig } from '../config/service.ts';
import type { ServiceRules, ServiceStanding } from './service-standing.ts';

export interface ServiceNews {
  readonly service: ServiceConfig;
  readonly level: 'warning' | 'notice';
  /** With the cause. */
  readonly message: string;
}

export function serviceNews(
  service: ServiceConfig,
  rules: ServiceRules,
  before: ServiceStanding,
  now: ServiceStanding,
): ServiceNews[] {
  const news: ServiceNews[] = [];
  const tell = (level: ServiceNews['level'], message: string): void => void news.push({ service, level, message });
  const { name } = service;
  const [wasOpen, isOpen] = [before.failOpen.open, now.failOpen.open];
  if (wasOpen === null && isOpen !== null) {
    const seconds = Math.ceil(rules.failOpen.windowMs / 1_000);
    const who = [...isOpen.held].join(', ');
    tell('warning', `${name} fails open: ${who} failed within ${seconds} s; the last set goes on serving`);
  }
  if (wasOpen !== null && isOpen === null) tell('notice', `${name} no longer fails open: ${endOfFailOpen(now)}`);
  if (before.quorum !== now.quorum && now.quorum !== 'unknown') {
    // That enough lives from the beginning is what everybody expects.
    if (now.quorum === 'down') tell('warning', `${name} has lost its quorum: ${quorumCause(service, now)}`);
    else if (before.quorum === 'down') tell('notice', `${name} has its quorum again: ${quorumCause(service, now)}`);
  }
  if (!before.sorryServes && now.sorryServes) tell('warning', `the sorry server of ${name} serves`);
  if (before.sorryServes && !now.sorryServes) tell('notice', `the sorry server of ${name} no longer serves`);
  return news;
}

export function quorumCause({ quorum }: ServiceConfig, { living }: Pick<ServiceStanding, 'living'>): string {
  return `living realservers weigh ${living.alive}, and it needs ${quorum.weight}`;
}

function endOfFailOpen({ failOpen: { up } }: ServiceStanding): string {
  return `${up.size} of its realservers ${up.size === 1 ? 'passes' : 'pass'} the checks`;
}
