/** SCTP: what the kernel balances of it and what it cannot. */
import type { Context, Rule } from './rule.ts';

/**
 * An association chooses its route without its source address first (net/sctp/protocol.c, sctp_v4_get_dst): the rule for packets
 * from the RIP does not hold it, and it answers past the director. Measured: the client aborts.
 */
function answersKeepTheirWay({ config, report }: Context): void {
  for (const { name, mode, listen } of config.services) {
    const index = listen.findIndex(({ protocol }) => protocol === 'sctp');
    if (mode !== 'nat' || index === -1) continue;
    report(['services', name, 'listen', index], 'answers of SCTP do not keep to the return route of NAT', {
      expected: 'mode: dr or tun',
    });
  }
}

export const SCTP_RULES: readonly Rule[] = [{ needs: [], check: answersKeepTheirWay }];
