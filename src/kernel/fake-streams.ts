/** {@link Streams} for tests: by Node's own sockets, to wherever a function says that what is marked goes. */
import { connect } from 'node:net';
import type { PendingStream, ReachHandlers, StreamHandlers, Streams, StreamTarget } from './streams.ts';

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

  reach(target: StreamTarget, { onReached, onError }: ReachHandlers): PendingStream {
    const onOpen: StreamHandlers['onOpen'] = (socket) => {
      socket.on('error', () => {}).resetAndDestroy();
      onReached();
    };
    return this.open(target, { onOpen, onError });
  }

  open(target: StreamTarget, { onOpen, onError }: StreamHandlers): PendingStream {
    const isMarked = target.mark !== null;
    if (isMarked) this.targets.push(target);
    const end = isMarked ? this.#route(target) : { host: target.address, port: target.port };
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
