/** UDP datagrams between the agents of a cluster. */
import { createSocket } from 'node:dgram';
import { type Address, familyOf, parseAddress } from '../wire/address.ts';

export interface DatagramHandlers {
  onOpen(): void;
  onDatagram(bytes: Uint8Array, source: Address): void;
  /** It could not be opened, or a datagram not be sent: one clause. After the first the socket is closed. */
  onError(problem: string, isClosed: boolean): void;
}

export interface DatagramSocket {
  /** Failures come by {@link DatagramHandlers.onError}. */
  send(bytes: Uint8Array, to: Address): void;
  close(): void;
}

export interface Datagrams {
  /** Sends from and receives at `address` and `port`; receives from whatever port. Never throws. */
  open(at: { readonly address: Address; readonly port: number }, handlers: DatagramHandlers): DatagramSocket;
}

export const systemDatagrams: Datagrams = {
  open({ address, port }, { onOpen, onDatagram, onError }) {
    const socket = createSocket(familyOf(address) === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true });
    let isClosed = false;
    const close = (): void => {
      if (isClosed) return;
      isClosed = true;
      socket.close();
    };
    socket.on('error', ({ message }) => {
      if (isClosed) return;
      close();
      onError(message, true);
    });
    socket.on('listening', onOpen);
    socket.on('message', (bytes, { address: from }) => {
      const source = parseAddress(from);
      if (source !== undefined) onDatagram(bytes, source);
    });
    socket.bind({ address, port, exclusive: true });
    return {
      send: (bytes, to) => {
        if (isClosed) return;
        socket.send(bytes, port, to, (error) => {
          if (error !== null && !isClosed) onError(error.message, false);
        });
      },
      close,
    };
  },
};
