/** TCP servers of tests on loopback, and all of their connections, closed together. */
import { createServer, type Server, type Socket } from 'node:net';

export class Servers {
  readonly sockets = new Set<Socket>();
  readonly #servers: Server[] = [];

  /** @returns its port */
  async serve(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.keep(socket);
      onConnection(socket);
    });
    return this.listen(server);
  }

  /** A connection that goes with the others. */
  keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }

  async listen(server: Server): Promise<number> {
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
