/** An agent on a fake kernel, with a real control socket, real probes, realservers on loopback and a VRRP process that listens. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, request as httpRequest } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAgent } from '../../src/agent/run-agent.ts';
import { systemDatagrams } from '../../src/kernel/datagrams.ts';
import { FakeFirewall } from '../../src/kernel/fake-firewall.ts';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import { FakeServiceManager } from '../../src/kernel/fake-notify.ts';
import { FakePeerSockets } from '../../src/kernel/fake-peer-sockets.ts';
import { FakeStreams } from '../../src/kernel/fake-streams.ts';
import { FakeSysctls } from '../../src/kernel/fake-sysctls.ts';
import { agentState } from '../../src/status/state.ts';
import type { FromVrrp, ToVrrp } from '../../src/vrrp/link.ts';
import { destinationKey, serviceKey } from '../../src/wire/ipvs.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly json: any;
}

export class AgentFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'lvs-agent-'));
  readonly ipvs = new FakeIpvs();
  readonly firewall = new FakeFirewall();
  readonly sysctls = new FakeSysctls();
  readonly manager = new FakeServiceManager();
  /** May be replaced before it starts. */
  streams = new FakeStreams();
  readonly lines: string[] = [];
  readonly socket = join(this.folder, 'control.sock');
  readonly vrrpSocket = join(this.folder, 'vrrp.sock');
  readonly configPath = join(this.folder, 'config.json');
  #stop: (() => Promise<void>) | undefined;
  #realservers: HttpServer[] = [];
  vrrp: FakeVrrp | undefined;

  async start(): Promise<void> {
    const paths = {
      config: this.configPath,
      socket: this.socket,
      vrrpSocket: this.vrrpSocket,
      handover: join(this.folder, 'handover'),
    };
    const { ipvs, firewall, sysctls, manager, streams } = this;
    const system = {
      ...{ ipvs, firewall, sysctls, manager, datagrams: systemDatagrams },
      ...{ peerSockets: new FakePeerSockets(), streams },
    };
    this.#stop = await runAgent(paths, system, (line) => this.lines.push(line));
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async end(): Promise<void> {
    await this.stop();
    await this.vrrp?.close();
    for (const server of this.#realservers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A web server at 127.0.0.(20 + number); its behaviour can be changed. */
  async realserver(number: number): Promise<Realserver> {
    const realserver: Realserver = { port: 0, behaviour: 'serve', requests: 0 };
    const server = createHttpServer((_request, response) => {
      realserver.requests++;
      if (realserver.behaviour === 'serve') response.end('ok\n');
      if (realserver.behaviour === 'fail') response.writeHead(502).end();
    });
    this.#realservers.push(server);
    server.listen(0, `127.0.0.${20 + number}`);
    await once(server, 'listening');
    const address = server.address();
    realserver.port = typeof address === 'object' && address !== null ? address.port : 0;
    return realserver;
  }

  async startVrrp(): Promise<FakeVrrp> {
    this.vrrp = new FakeVrrp(this.vrrpSocket);
    await this.vrrp.ready;
    return this.vrrp;
  }

  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const { status, text } = await this.#exchange(method, path, body);
    return { status, json: text === '' ? null : JSON.parse(text) };
  }

  /** What comes until the agent ends it. */
  async text(path: string): Promise<string> {
    return (await this.#exchange('GET', path)).text;
  }

  #exchange(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: this.socket, method, path, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on('error', reject);
      request.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
    });
  }

  /** One a line. */
  async events(): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: this.socket, path: '/v1/events', agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve(text.trimEnd().split('\n')));
      });
      request.on('error', reject);
      request.end();
    });
  }

  async state() {
    return agentState.parse((await this.request('GET', '/v1/state')).json);
  }

  /** `127.0.0.21:80=1 …` of a service as the kernel has it. */
  async weights(key = 'tcp 10.77.1.100:80'): Promise<string> {
    const entry = (await this.ipvs.read()).find(({ service }) => serviceKey(service.id) === key);
    if (entry === undefined) return 'none';
    return entry.destinations
      .map(({ destination }) => `${destinationKey(destination)}=${destination.weight}`)
      .join(' ');
  }
}

export interface Realserver {
  port: number;
  behaviour: 'serve' | 'fail' | 'hang';
  requests: number;
}

/** Speaks the VRRP process's side of the link. */
export class FakeVrrp {
  readonly received: ToVrrp[] = [];
  readonly ready: Promise<unknown>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What it answers to a configuration. */
  refusal: string | null = null;

  constructor(path: string) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
      let rest = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#receive(JSON.parse(line) as ToVrrp);
      });
    }).listen(path);
    this.ready = once(this.#server, 'listening');
  }

  #receive(message: ToVrrp): void {
    this.received.push(message);
    if (message.type === 'config') this.send({ type: 'configured', error: this.refusal });
    if (message.type === 'record') {
      const error = message.on ? null : 'nothing is recorded';
      this.send({ type: 'recording', path: message.on ? '/x/1.jsonl' : null, bytes: 7, error });
    }
  }

  send(message: FromVrrp): void {
    for (const socket of this.#sockets) socket.write(`${JSON.stringify(message)}\n`);
  }

  sendText(text: string): void {
    for (const socket of this.#sockets) socket.write(text);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
