/** The small C programs and the addon as they are shipped. `npm run build` has made them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNative } from '../../bin/build-native.ts';
import { loadRawio } from '../../src/kernel/rawio.ts';

const DIST = resolve(import.meta.dirname, '../../dist/native');
const own = (name: string): string => join(DIST, process.arch, name);

beforeAll(() => buildNative(), 60_000);

describe('what is shipped', () => {
  const all = ['x64', 'arm64'].flatMap((arch) =>
    ['rawio.node', 'stdio', 'lvs-run', 'twin'].map((name) => [arch, name]),
  );

  it.each(all)('%s/%s is for that CPU and needs no glibc beyond 2.28', async (arch = '', name = '') => {
    const { stdout } = await execa('readelf', ['-hVd', join(DIST, arch, name)]);
    expect(stdout).toContain(arch === 'x64' ? 'X86-64' : 'AArch64');
    const versions = [...stdout.matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(
      ([, major, minor]) => Number(major) * 100 + Number(minor),
    );
    expect(Math.max(0, ...versions)).toBeLessThanOrEqual(228);
    if (name === 'rawio.node') expect(stdout).not.toMatch(/NEEDED/);
    else expect(versions.length).toBeGreaterThan(0);
  });
});

describe('rawio', () => {
  const rawio = loadRawio();
  const AF_INET = 2;
  const SOCK_DGRAM = 2;

  it('answers −errno and never throws for it', () => {
    expect(rawio.socket(9999, 1, 0)).toBe(-97);
    expect(rawio.bind(-1, new Uint8Array(16))).toBe(-9);
    expect(rawio.sendmsg(-1, new Uint8Array(1), null, null, 0)).toBe(-9);
    expect(rawio.recvmsg(-1, new Uint8Array(1), null, null, 0)).toBe(-9);
    expect(rawio.ifIndex('no-such-interface-name-here')).toBe(-19);
    expect(rawio.ifIndex('nope')).toBe(-19);
    expect(rawio.poll(-1, 1, () => {})).toBeLessThan(0);
  });

  it('delivers a datagram, its address, and the end of a watch', async () => {
    const fd = rawio.socket(AF_INET, SOCK_DGRAM, 0);
    const address = Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(rawio.bind(fd, address)).toBe(0);
    expect(rawio.getsockname(fd, address)).toBe(16);
    const [into, from] = [new Uint8Array(16), new Uint8Array(16)];
    const length = await new Promise<number>((done) => {
      const handle = rawio.poll(fd, 1, (events) => {
        expect(events).toBe(1);
        const got = rawio.recvmsg(fd, into, from, null, 0);
        if (typeof handle !== 'number') expect(rawio.pollStop(handle)).toBe(0);
        done(got);
      });
      expect(rawio.sendmsg(fd, Uint8Array.of(1, 2, 3), address, null, 0)).toBe(3);
    });
    expect([length, [...into.subarray(0, 3)], from]).toEqual([3, [1, 2, 3], address]);
    expect(rawio.recvmsg(fd, into, null, null, 0)).toBe(-11);
    expect(rawio.close(fd)).toBe(0);
  });

  it('goes on after a socket error, whose errno recvmsg tells', async () => {
    const fd = rawio.socket(AF_INET, SOCK_DGRAM, 0);
    // Discard's port: nobody listens, and ICMP's refusal becomes ECONNREFUSED, which libuv takes for the end of the watch.
    expect(rawio.connect(fd, Uint8Array.of(2, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))).toBe(0);
    const errors: number[] = [];
    await new Promise<void>((done) => {
      const handle = rawio.poll(fd, 1, () => {
        errors.push(rawio.recvmsg(fd, new Uint8Array(1), null, null, 0));
        if (errors.length < 3) rawio.sendmsg(fd, Uint8Array.of(1), null, null, 0);
        else {
          if (typeof handle !== 'number') rawio.pollStop(handle);
          done();
        }
      });
      rawio.sendmsg(fd, Uint8Array.of(1), null, null, 0);
    });
    expect(errors).toEqual([-111, -111, -111]);
    rawio.close(fd);
  });

  it('lets a worker with an open watch be terminated, and end by itself', async () => {
    const program = (end: string): string => `
      const rawio = require(${JSON.stringify(own('rawio.node'))});
      rawio.poll(rawio.socket(2, 2, 0), 1, () => {});
      require('node:worker_threads').parentPort.postMessage('open');
      ${end}`;
    for (const [end, code] of [
      ['setInterval(() => {}, 1000)', 1],
      ['process.exit(7)', 7],
    ] as const) {
      const worker = new Worker(program(end), { eval: true });
      const exited = new Promise((done) => worker.once('exit', done));
      await new Promise((done) => worker.once('message', done));
      if (code === 1) await worker.terminate();
      expect(await exited).toBe(code);
    }
  });

  it('turns an exception in a callback into an uncaughtException', async () => {
    const program = `
      const rawio = require(${JSON.stringify(own('rawio.node'))});
      process.on('uncaughtException', (error) => { console.log('caught ' + error.message); process.exit(0); });
      const fd = rawio.socket(2, 2, 0);
      rawio.poll(fd, 2, () => { throw new Error('oops'); });`;
    const { stdout } = await execa(process.execPath, ['-e', program], { timeout: 10_000 });
    expect(stdout).toBe('caught oops');
  });
});

describe('stdio', () => {
  let folder: string;
  let server: Server;
  let onConnection: (socket: Socket) => void;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stdio-'));
    server = createServer({ allowHalfOpen: true }, (socket) => onConnection(socket));
    await new Promise<void>((done) => server.listen(join(folder, 'agent.sock'), done));
  });
  afterAll(async () => {
    await new Promise((done) => server.close(done));
    await rm(folder, { recursive: true, force: true });
  });

  it('copies both ways, megabytes at once, and half-closes at the end of input', async () => {
    const big = Buffer.alloc(3_000_000, 'lvs ');
    onConnection = (socket) => {
      const parts: Buffer[] = [];
      socket.on('data', (part) => parts.push(part));
      socket.on('end', () => socket.end(Buffer.concat(parts)));
    };
    const result = await execa(own('stdio'), [join(folder, 'agent.sock')], {
      input: big,
      encoding: 'buffer',
      timeout: 20_000,
    });
    expect(Buffer.compare(Buffer.from(result.stdout), big)).toBe(0);
  });

  it('does not stand still when both sides write without reading first', async () => {
    const big = Buffer.alloc(2_000_000, 'x');
    onConnection = (socket) => {
      let got = 0;
      socket.write(big);
      socket.on('data', (part) => {
        got += part.length;
      });
      socket.on('end', () => socket.end(String(got)));
    };
    const result = await execa(own('stdio'), [join(folder, 'agent.sock')], {
      input: big,
      encoding: 'buffer',
      timeout: 20_000,
    });
    expect(Buffer.from(result.stdout.subarray(big.length)).toString()).toBe('2000000');
  });

  it('ends when the socket closes, although its input is open', async () => {
    onConnection = (socket) => socket.end('bye');
    const child = execa(own('stdio'), [join(folder, 'agent.sock')], { stdin: 'pipe', timeout: 10_000 });
    expect((await child).stdout).toBe('bye');
  });

  it('says in a sentence that nobody listens', async () => {
    const result = await execa(own('stdio'), [join(folder, 'nobody.sock')], { reject: false });
    expect([result.exitCode, result.stderr]).toEqual([
      1,
      `lvs-agent stdio: cannot connect to ${join(folder, 'nobody.sock')}: No such file or directory`,
    ]);
    expect((await execa(own('stdio'), [], { reject: false })).exitCode).toBe(5);
  });
});

describe.runIf(process.getuid?.() === 0)('lvs-run (as root)', () => {
  it('runs a program as the user, without any capability, and with no way back', async () => {
    const { stdout } = await execa(own('lvs-run'), ['nobody', '--', 'cat', '/proc/self/status']);
    const status = Object.fromEntries(stdout.split('\n').map((line) => line.split(/:\s+/)));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status[set]).toBe('0'.repeat(16));
    const { stdout: uid } = await execa('id', ['-u', 'nobody']);
    expect(status['Uid']?.split('\t')).toEqual([uid, uid, uid, uid]);
    expect(status['NoNewPrivs']).toBe('1');
    expect(status['Groups']?.trim().split(' ')).not.toContain('0');
  });

  it('keeps arguments, environment and exit status, with HOME and USER of the user', async () => {
    const script = 'echo "$1|$LVS_EVENT|$USER|$HOME"; exit 9';
    const args = ['nobody', '--', 'sh', '-c', script, 'sh', 'a b'];
    const result = await execa(own('lvs-run'), args, { reject: false, env: { LVS_EVENT: 'up' } });
    expect([result.exitCode, result.stdout]).toEqual([9, 'a b|up|nobody|/nonexistent']);
  });

  it.each([
    [['no-such-user', '--', 'true'], 125, 'lvs-run: no such user: no-such-user: No such file or directory'],
    [['root', '--', 'true'], 125, 'lvs-run: refuses to run a script as root: Operation not permitted'],
    [['nobody', '--', '/no/such'], 127, 'lvs-run: cannot run /no/such: No such file or directory'],
    [['nobody', '--', '/etc/passwd'], 126, 'lvs-run: cannot run /etc/passwd: Permission denied'],
    [['nobody', 'true'], 125, 'usage: lvs-run USER -- PROGRAM [ARGUMENTS]'],
  ])('refuses %j with %i', async (args, status, words) => {
    const result = await execa(own('lvs-run'), args, { reject: false });
    expect([result.exitCode, result.stderr]).toEqual([status, words]);
  });
});
