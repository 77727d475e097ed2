/** `node vrrp-flood-program.ts SOURCE TARGET`: 40,000 VRRP packets that TARGET must not believe, the same ones every time, half of them by multicast. */
import { systemClock as clock } from '../../src/kernel/clock.ts';
import { openVrrpNetwork } from '../../src/kernel/raw-vrrp-socket.ts';
import { loadRawio } from '../../src/kernel/rawio.ts';
import { openAddresses } from '../../src/kernel/rtnetlink-addresses.ts';
import type { Address } from '../../src/wire/address.ts';
import { mayBeBelieved } from '../vrrp/acceptance-oracle.ts';
import { instanceSetup } from '../vrrp/configuration.ts';
import { hostilePacket } from '../vrrp/hostile-packets.ts';
import { seededRandom } from '../vrrp/random.ts';

const [source, target] = process.argv.slice(2) as Address[];
if (source === undefined || target === undefined) throw new Error('usage: vrrp-flood-program.ts SOURCE TARGET');

const rawio = loadRawio();
const addresses = openAddresses(rawio);
const setup = instanceSetup({ source: target });
const { group } = setup;
const socket = openVrrpNetwork({ rawio, addresses, clock }).open(
  { interface: 'eth1', family: 4, source, transport: 'multicast', group },
  { onPacket: () => undefined, onError: ({ message }) => console.error(message) },
);

const random = seededRandom(7);
for (let count = 0; count < 40_000; ) {
  const { payload } = hostilePacket({ name: 'version 3', setup, peer: source }, random);
  const destination = count % 2 === 0 ? group : target;
  if (mayBeBelieved(setup, { payload, source, destination, ttl: 255 })) continue;
  socket.send(payload, destination);
  count++;
}
process.exit(0);
