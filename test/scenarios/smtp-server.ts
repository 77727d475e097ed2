/** A mail server on loopback, as much of RFC 5321, 3207 and 4954 as a client meets: it keeps what it takes, or misbehaves as told. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';

export interface Taken {
  readonly helo: string;
  readonly secure: boolean;
  /** user:password, as it was given. */
  readonly login: string | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
}

export interface SmtpOptions {
  /** Certificate and key; without them it offers no TLS. */
  readonly tls?: Certificate;
  /** TLS from the first byte. */
  readonly implicit?: boolean;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Self-signed, for 127.0.0.1. */
export function selfSigned(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
    const names = ['-subj', '/CN=mail', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...kind, ...files, ...names], { stdio: 'ignore' });
    return { cert: readFileSync(join(folder, 'cert'), 'utf8'), key: readFileSync(join(folder, 'key'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export class SmtpServer {
  readonly taken: Taken[] = [];
  /** `quote`: refuses a login, and says with what. `silent`: answers nothing after its greeting. */
  behaviour: 'take' | 'busy' | 'quote' | 'silent' = 'take';
  /** Receivers that it does not know. */
  readonly unknown = new Set<string>();
  port = 0;
  connections = 0;
  readonly #options: SmtpOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: SmtpOptions = {}) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.connections++;
      this.#keep(socket);
      const { tls, implicit } = options;
      new Session(this, implicit && tls ? this.secured(socket) : socket, implicit ?? false).greet();
    });
  }

  /** @param port - the same one as before, after a stop */
  async start(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get offersTls(): boolean {
    return this.#options.tls !== undefined;
  }

  secured(socket: Socket): Socket {
    const secure = new TLSSocket(socket, { isServer: true, ...this.#options.tls });
    this.#keep(secure);
    return secure;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** One connection. */
class Session {
  readonly #server: SmtpServer;
  #socket: Socket;
  #secure: boolean;
  #rest = '';
  #data: string[] | null = null;
  #helo = '';
  #login: string | null = null;
  #from = '';
  #to: string[] = [];

  constructor(server: SmtpServer, socket: Socket, secure: boolean) {
    this.#server = server;
    this.#secure = secure;
    this.#socket = socket;
    this.#listen();
  }

  greet(): void {
    this.#say('220 test ESMTP');
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      const lines = (this.#rest + bytes.toString('utf8')).split('\r\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line);
    });
  }

  #say(...lines: string[]): void {
    const [last = '', ...before] = lines.toReversed();
    const code = last.slice(0, 3);
    const text = [...before.toReversed().map((line) => `${code}-${line.slice(4)}`), last].join('\r\n');
    this.#socket.write(`${text}\r\n`);
  }

  #line(line: string): void {
    const { behaviour } = this.#server;
    if (behaviour === 'silent') return;
    if (this.#data !== null) {
      this.#dataLine(line, this.#data);
      return;
    }
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') this.#hello(line.slice(5));
    else if (line.toUpperCase() === 'STARTTLS' && this.#server.offersTls) this.#upgrade();
    else if (verb === 'AUTH') this.#authenticate(line);
    else if (verb === 'MAIL') this.#mail(line);
    else if (verb === 'RCPT') this.#receiver(line.replace(/^.*<(.*)>.*$/, '$1'));
    else if (verb === 'DATA') {
      this.#data = [];
      this.#say('354 go on');
    } else if (verb === 'QUIT') {
      this.#say('221 bye');
      this.#socket.end();
    } else this.#say('500 what?');
  }

  #hello(name: string): void {
    this.#helo = name;
    const offers = this.#server.offersTls && !this.#secure ? ['250 STARTTLS'] : ['250 AUTH PLAIN'];
    this.#say('250 test', ...offers, '250 SIZE 1000000');
  }

  #upgrade(): void {
    this.#say('220 go on');
    this.#socket.removeAllListeners('data');
    this.#socket = this.#server.secured(this.#socket);
    this.#secure = true;
    this.#rest = '';
    this.#listen();
  }

  #authenticate(line: string): void {
    if (this.#server.behaviour === 'quote') {
      this.#say(`535 cannot make anything of ${line}`);
      return;
    }
    this.#login = Buffer.from(line.replace(/^AUTH PLAIN /, ''), 'base64')
      .toString('utf8')
      .split('\0')
      .slice(1)
      .join(':');
    this.#say('235 welcome');
  }

  #mail(line: string): void {
    this.#from = line.replace(/^.*<(.*)>.*$/, '$1');
    this.#to = [];
    this.#say(this.#server.behaviour === 'busy' ? '451 try again later' : '250 ok');
  }

  #receiver(address: string): void {
    const isKnown = !this.#server.unknown.has(address);
    if (isKnown) this.#to.push(address);
    this.#say(isKnown ? '250 ok' : '550 nobody of that name');
  }

  #dataLine(line: string, data: string[]): void {
    if (line !== '.') {
      data.push(line.replace(/^\.\./, '.'));
      return;
    }
    const [helo, secure, login, from, to] = [this.#helo, this.#secure, this.#login, this.#from, this.#to];
    this.#server.taken.push({ helo, secure, login, from, to, data: data.join('\n') });
    this.#data = null;
    this.#say('250 taken');
  }
}
