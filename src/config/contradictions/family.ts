/** IPv4 and IPv6 in one service, and addresses that mean nothing beyond their own link. */
import { familyOf, isLinkLocal } from '../../wire/address.ts';
import type { Context, Rule } from './rule.ts';

/** A kernel service has one family; the configuration's service one, too, so that its realservers and checks fit. */
function servicesHaveOneFamily({ config, report }: Context): void {
  for (const { name, listen, mark } of config.services) {
    const [first] = listen;
    const index = listen.findIndex((one) => first !== undefined && familyOf(one.address) !== familyOf(first.address));
    // That a mark cannot stand for both is told elsewhere.
    if (index === -1 || mark !== null) continue;
    report(['services', name, 'listen', index], 'IPv4 and IPv6 stand in one service', {
      expected: 'a service for each',
    });
  }
}

const BEYOND_A_LINK = { expected: 'a global or unique local address' };

function listenersAreReached({ config, report }: Context): void {
  for (const { name, listen } of config.services) {
    for (const [index, { address }] of listen.entries()) {
      if (!isLinkLocal(address)) continue;
      const message = `${address} is link-local: realservers cannot answer from it`;
      report(['services', name, 'listen', index], message, BEYOND_A_LINK);
    }
  }
}

/** The kernel takes no link-local address as a destination (ip_vs_ctl.c, __ip_vs_new_dest). */
function realserversAreReached({ config, report }: Context): void {
  for (const { name, rips } of config.realservers) {
    for (const [index, rip] of rips.entries()) {
      if (!isLinkLocal(rip)) continue;
      report(['realservers', name, 'rip', index], `${rip} is link-local: IPVS sends nothing there`, BEYOND_A_LINK);
    }
  }
}

function gatewaysFit({ config, report }: Context): void {
  for (const { name, rips, gateway } of config.realservers) {
    const via = gateway?.via;
    if (via === undefined) continue;
    const steps = ['realservers', name, 'gateway'];
    if (isLinkLocal(via)) report(steps, `${via} is link-local: on which interface is not said`, BEYOND_A_LINK);
    else if (rips.every((rip) => familyOf(via) !== familyOf(rip))) {
      report(steps, `${via} is not of the family of ${rips.join(' and ')}`, { expected: 'one family' });
    }
  }
}

/** Realservers unpack IPv6 from ip6tnl0 only. */
function tunnelsAreKnown({ config, report }: Context): void {
  for (const { name, mode, tunnel, listen } of config.services) {
    const isIpv6 = listen.some(({ address }) => familyOf(address) === 6);
    if (mode !== 'tun' || tunnel.type === 'ipip' || !isIpv6) continue;
    report(['services', name, 'tunnel', 'type'], `${tunnel.type} carries IPv4 only`, { expected: 'type: ipip' });
  }
}

export const FAMILY_RULES: readonly Rule[] = [
  { needs: [], check: servicesHaveOneFamily },
  { needs: [], check: listenersAreReached },
  { needs: [], check: realserversAreReached },
  { needs: [], check: gatewaysFit },
  { needs: [], check: tunnelsAreKnown },
];
