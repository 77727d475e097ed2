/** More events than a socket holds, while nobody reads: the loss is told, and events go on. */
import { execFileSync } from 'node:child_process';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { openAddresses } from '../../../src/kernel/rtnetlink-addresses.ts';
import { ip, report, until } from './namespace.ts';

const COUNT = 8000;
const addresses = openAddresses(loadRawio());
let [lost, told] = [0, 0];
let [lastAddress, mtu] = ['', 0];
ip('link add v0 type veth peer name v1');
addresses.watch({
  onLink: () => {
    told += 1;
  },
  onAddress: (one) => {
    lastAddress = one.address;
  },
  onLost: () => {
    lost += 1;
    // What a consumer does; from here on no event may be missing.
    mtu = addresses.links().find(({ name }) => name === 'v0')?.mtu ?? 0;
  },
});
const batch = Array.from({ length: COUNT }, (_, index) => `link set v0 mtu ${1300 + (index % 100)}\n`).join('');
// Synchronous: the loop stands still while the kernel tells.
execFileSync('ip', ['-batch', '-'], { input: batch });
await until('the loss is told', () => lost > 0);
ip('address add 192.0.2.1/32 dev v0');
await until('events go on', () => lastAddress === '192.0.2.1');
addresses.close();
report({ lost, hasMissedSome: told < COUNT, mtu });
