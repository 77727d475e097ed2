/**
 * The VRRP process of a director: `node vrrp.mjs [--config FILE] [--socket PATH] [--handover FILE] [--record] [--in-turn]`.
 * With --in-turn it is one of two (src/native/twin.c) and waits for its turn on standard input before it touches anything.
 * SIGTERM and SIGINT end it: with the hand-over mark there, its roles are handed over first, which takes 5 s at most; without, the
 * next process adopts them.
 * With --record it records from the first moment on, in recordings/ beside the configuration.
 */
import { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { ownRelease } from './agent/own-release.ts';
import { type Fields, type Level, logLine } from './agent/vrrp/log.ts';
import { isHandover, serve } from './agent/vrrp/serve.ts';
import { ourTurn } from './agent/vrrp/turn.ts';
import { systemClock as clock } from './kernel/clock.ts';
import { openServiceManager } from './kernel/notify.ts';
import { openFrameSender } from './kernel/packet-frame-sender.ts';
import { openVrrpNetwork } from './kernel/raw-vrrp-socket.ts';
import { loadRawio } from './kernel/rawio.ts';
import { openAddresses } from './kernel/rtnetlink-addresses.ts';

const { values } = parseArgs({
  options: {
    config: { type: 'string', default: '/var/lib/lvs-agent/config.json' },
    socket: { type: 'string', default: '/run/lvs-agent/vrrp.sock' },
    handover: { type: 'string', default: '/run/lvs-agent/handover' },
    record: { type: 'boolean', default: false },
    'in-turn': { type: 'boolean', default: false },
  },
});

const log = (level: Level, message: string, fields?: Fields): void => {
  process.stdout.write(logLine(level, message, fields));
};

// a mistake of ours: the next process adopts what this one held, within the patience of its peers
process.on('uncaughtException', (error) => {
  log('error', 'VRRP process ends on an unforeseen error', { error: error.stack ?? error.message });
  process.exit(1);
});

const rawio = loadRawio();
if (values['in-turn']) {
  const twin = new Socket({ fd: 0, readable: true, writable: true });
  await ourTurn(twin, () => process.exit(0));
  twin.unref();
}
const addresses = openAddresses(rawio);
const stop = serve(
  values,
  {
    clock,
    addresses,
    network: openVrrpNetwork({ rawio, addresses, clock }),
    frames: openFrameSender(rawio, addresses),
    log,
    afterInput: setImmediate,
    release: ownRelease(import.meta.dirname).hash,
  },
  openServiceManager(rawio, process.env),
);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    const release = isHandover(values);
    log('notice', release ? 'stopping: roles are handed over' : 'restarting: addresses stay for the next process', {
      signal,
    });
    void stop(release).finally(() => process.exit(0));
  });
}
