/** {@link FrameSender} on the real kernel: one AF_PACKET socket that never receives. */
import type { Addresses } from './addresses.ts';
import type { FrameSender } from './arp.ts';
import { KernelError } from './kernel-error.ts';
import { AF_PACKET, SOCK_RAW } from './linux-abi.ts';
import type { Rawio } from './rawio.ts';
import { packetSockaddr } from './socket-address.ts';

/** @throws KernelError */
export function openFrameSender(rawio: Rawio, addresses: Pick<Addresses, 'links'>): FrameSender {
  // Protocol 0: nothing is delivered to it, however busy the interfaces are.
  const fd = rawio.socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) throw new KernelError({ operation: 'open packet socket', target: '', errno: -fd });
  return {
    sendFrame: (interfaceName, frame) => {
      const asked = { operation: 'send frame', target: `dev ${interfaceName}` };
      const ifindex = rawio.ifIndex(interfaceName);
      if (ifindex < 0) return new KernelError({ ...asked, errno: -ifindex, detail: 'no such interface' });
      const result = rawio.sendmsg(fd, frame, packetSockaddr(ifindex), null, 0);
      return result < 0 ? new KernelError({ ...asked, errno: -result }) : undefined;
    },
    macOf: (interfaceName) => {
      const mac = addresses.links().find(({ name }) => name === interfaceName)?.mac ?? '';
      return mac === '' ? undefined : Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16));
    },
    close: () => {
      rawio.close(fd);
    },
  };
}
