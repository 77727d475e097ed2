/** Answers every ARP request on eth1, as a router with proxy ARP for its whole network does; also probes, which Linux's own leaves alone. */
import { ETH_P_ARP } from '../../../src/kernel/linux-abi.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { packetSockaddr } from '../../../src/kernel/socket-address.ts';

/** AF_PACKET, SOCK_RAW. */
const [FAMILY, RAW] = [17, 3];
const [mac = ''] = process.argv.slice(2);
const own = Buffer.from(mac.replaceAll(':', ''), 'hex');

const rawio = loadRawio();
const fd = rawio.socket(FAMILY, RAW, 0);
const link = packetSockaddr(rawio.ifIndex('eth1'), ETH_P_ARP);
if (rawio.bind(fd, link) < 0) throw new Error('no packet socket');
rawio.poll(fd, 1, () => {
  const frame = Buffer.alloc(64);
  while (rawio.recvmsg(fd, frame, null, null, 0) > 0) if (frame.readUInt16BE(20) === 1) answer(frame);
});
console.log('answers whoever asks');

/** Offsets of RFC 826 behind an Ethernet header: sender 22 and 28, target 32 and 38. */
function answer(request: Buffer): void {
  const [asker, target] = [request.subarray(22, 28), request.subarray(38, 42)];
  const start = Buffer.from('08060001080006040002', 'hex');
  const reply = Buffer.concat([asker, own, start, own, target, asker, request.subarray(28, 32)]);
  rawio.sendmsg(fd, reply, link, null, 0);
  console.log(`answers for ${target.join('.')}`);
}
