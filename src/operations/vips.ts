import { silently } from '../desired/silent-vip.ts';
import { GRE_DEVICE } from '../desired/tunnels.ts';
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import { type Change, type Operation, outcome, run } from './operation.ts';
import { isGreRebuilt } from './tunnels.ts';

type PlacedVip = Wanted['placed']['vips'][number];

/** VIPs of a realserver that are missing. */
export const addVips: Operation = {
  name: 'VIPs',
  decide({ placed }, facts) {
    const missing = placed.vips.filter((vip) => !isThere(vip, facts) || isOnRebuilt(vip, placed, facts));
    const changes = missing.map((vip): Change => ({ sign: '+', what: wordsOf(vip), why: 'not there' }));
    const commands = missing.map(({ address, prefixLength, device }) =>
      run('ip', 'addr', 'add', `${address}/${prefixLength}`, 'dev', device, ...silently(address)),
    );
    return outcome(changes, commands, placed.vips.length === 0 ? 'holds no VIP' : 'every VIP is there');
  },
};

/** VIPs that lvsctl placed and the topology no longer wants; what others placed is left alone. */
export const removeVips: Operation = {
  name: 'former VIPs',
  decide({ placed }, facts) {
    const former = facts.placed.vips.filter(
      (vip) => isThere(vip, facts) && !placed.vips.some((wanted) => wordsOf(wanted) === wordsOf(vip)),
    );
    return outcome(
      former.map((vip): Change => ({ sign: '-', what: wordsOf(vip), why: 'no longer wanted' })),
      former.map(({ address, prefixLength, device }) =>
        run('ip', 'addr', 'del', `${address}/${prefixLength}`, 'dev', device),
      ),
      'no former VIP is left',
    );
  },
};

/** Its address goes with the device. */
function isOnRebuilt({ device }: PlacedVip, placed: Wanted['placed'], facts: HostFacts): boolean {
  return device === GRE_DEVICE && isGreRebuilt(placed, facts);
}

function isThere(vip: PlacedVip, { network }: HostFacts): boolean {
  return network.addresses.some(
    ({ device, address, prefixLength }) =>
      device === vip.device && address === vip.address && prefixLength === vip.prefixLength,
  );
}

function wordsOf({ address, prefixLength, device }: PlacedVip): string {
  return `VIP ${address}/${prefixLength} on ${device}`;
}
