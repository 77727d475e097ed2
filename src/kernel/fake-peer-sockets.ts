/** {@link PeerSockets} for tests: what a peer answers is a function of what it is sent. */
import type { Peer, PeerHandlers, PeerSocket, PeerSockets } from './peer-sockets.ts';

/** Datagrams that come back, in order; the name of an error; nothing. */
export type FakeAnswer = readonly Uint8Array[] | string;

export class FakePeerSockets implements PeerSockets {
  readonly peers: Peer[] = [];
  readonly #answer: (request: Uint8Array, peer: Peer) => FakeAnswer;

  constructor(answer: (request: Uint8Array, peer: Peer) => FakeAnswer = () => []) {
    this.#answer = answer;
  }

  open(peer: Peer, { onData, onError }: PeerHandlers): PeerSocket {
    this.peers.push(peer);
    let isOpen = true;
    return {
      send: (bytes) => {
        const answer = this.#answer(bytes, peer);
        if (typeof answer === 'string') {
          isOpen = false;
          onError(answer, false);
          return;
        }
        for (const one of answer) setImmediate(() => isOpen && onData(one));
      },
      close: () => {
        isOpen = false;
      },
    };
  }
}
