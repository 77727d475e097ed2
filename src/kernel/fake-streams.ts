/** {@link Streams} for tests: by Node's own sockets, to wherever a function says that what is marked goes. */
import { connect } from 'node:net';
import type { StreamHandlers, Streams, StreamTarget } from './streams.ts';

export interface FakeEnd {
  readonly host: string;
  readonly port: number;
}

export class FakeStreams implements Streams {
  readonly targets: StreamTarget[] = [];
  readonly #route: (target: StreamTarget) => FakeEnd | string;

  /** @param route - where it ends; the name of an error: nothing is sent. As the target says unless given */
  constructor(route: (target: StreamTarget) => FakeEnd | string = ({ address, port }) => ({ host: address, port })) {
    this.#route = route;
  }

  open(target: StreamTarget, { onOpen, onError }: StreamHandlers): ReturnType<Streams['open']> {
    this.targets.push(target);
    const end = this.#route(target);
    if (typeof end === 'string') {
      onError(end, true);
      return { close: () => {} };
    }
    const socket = connect(end);
    const fail = ({ code = '' }: NodeJS.ErrnoException): void => onError(code, false);
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      onOpen(socket);
    });
    return { close: () => void (socket.connecting && socket.destroy()) };
  }
}
