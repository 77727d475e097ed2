/** `node vrrp-flood-program.ts SOURCE TARGET`: 40,000 random and mutated VRRP packets, the same ones every time, half of them by multicast. */
import { systemClock as clock } from '../../src/kernel/clock.ts';
import { openVrrpNetwork } from '../../src/kernel/raw-vrrp-socket.ts';
import { loadRawio } from '../../src/kernel/rawio.ts';
import { openAddresses } from '../../src/kernel/rtnetlink-addresses.ts';
import type { Address } from '../../src/wire/address.ts';

const [source, target] = process.argv.slice(2) as Address[];
if (source === undefined || target === undefined) throw new Error('usage: vrrp-flood-program.ts SOURCE TARGET');

const rawio = loadRawio();
const addresses = openAddresses(rawio);
const group = '224.0.0.18' as Address;
const socket = openVrrpNetwork({ rawio, addresses, clock }).open(
  { interface: 'eth1', family: 4, source, transport: 'multicast', group },
  { onPacket: () => undefined, onError: ({ message }) => console.error(message) },
);

/** Park and Miller's generator: a failure can be run again. */
let seed = 7;
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

const good = Buffer.from('3133ff01006400000a090064', 'hex');
for (let count = 0; count < 20_000; count++) {
  const packet = count % 2 === 0 ? Uint8Array.from({ length: random(60) }, () => random(256)) : Uint8Array.from(good);
  for (let change = random(4); change >= 0; change--)
    if (packet.length > 0) packet[random(packet.length)] = random(256);
  socket.send(packet, group);
  socket.send(packet, target);
}
process.exit(0);
