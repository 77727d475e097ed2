/** What a service does with verdicts: a sorry server that can be reached, a quorum that can be had. */
import { familyOf } from '../../wire/address.ts';
import type { ServiceConfig } from '../service.ts';
import type { Context, Rule } from './rule.ts';

function sorryFits(context: Context): void {
  for (const service of context.config.services) {
    const { name, sorry, listen, realservers, mark } = service;
    if (sorry?.kind !== 'host') continue;
    const report = (key: string, message: string, expected: string): void =>
      context.report(['services', name, 'sorry', key], message, { expected });
    const same = realservers.find(({ address }) => address === sorry.address);
    if (same !== undefined) {
      report('address', `${sorry.address} is realserver ${same.name} of this service`, 'a host that is none of them');
    }
    const other = listen.find(({ address }) => familyOf(address) !== familyOf(sorry.address));
    if (other !== undefined) {
      report('address', `${sorry.address} is not of the family of ${other.address}`, 'one family');
    }
    const wrong = listen.find(({ port }) => port !== sorry.port);
    if (sorry.mode !== 'nat' && sorry.port !== null && (mark !== null || wrong !== undefined)) {
      report('port', `mode ${sorry.mode} cannot translate a port to ${sorry.port}`, 'no port, or mode: nat');
    }
    portIsKnown(service, sorry, context);
  }
}

type Host = Extract<ServiceConfig['sorry'], { kind: 'host' }>;

/** A check without a port asks that of the sorry server, or those of the listeners. */
function portIsKnown({ name, listen }: ServiceConfig, { port, checks }: Host, { report }: Context): void {
  if ((port !== null && port !== 0) || listen.some((listener) => listener.port !== 0)) return;
  for (const [index, { kind, target }] of checks.entries()) {
    if (target.port !== null || kind === 'ping' || kind === 'script' || kind === 'file') continue;
    const message = `which port the ${kind} check probes cannot be known: the service has any`;
    report(['services', name, 'sorry', 'checks', index], message, { expected: 'port: NUMBER' });
  }
}

function quorumIsReached({ config, report }: Context): void {
  for (const { name, realservers, quorum } of config.services) {
    const weight = realservers.reduce((sum, one) => sum + one.weight, 0);
    const needed = quorum.weight + quorum.hysteresis;
    // That every realserver has weight 0 is told elsewhere.
    if (weight === 0 || weight >= needed) continue;
    const regained = quorum.hysteresis === 0 ? `${needed}` : `${quorum.weight} + ${quorum.hysteresis}`;
    const message = `all realservers together weigh ${weight}: a quorum that is lost is regained from ${regained} on, which is never`;
    report(['services', name, 'quorum'], message, { severity: 'warning' });
  }
}

export const POLICY_RULES: readonly Rule[] = [
  { needs: ['realservers', 'groups'], followsNames: true, check: sorryFits },
  { needs: ['realservers', 'groups'], followsNames: true, check: quorumIsReached },
];
