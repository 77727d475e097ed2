/**
 * The VRRP process of a director: `node vrrp.mjs [--config FILE] [--socket PATH] [--handover FILE]`.
 * SIGTERM and SIGINT end it: with the hand-over mark there, its roles are handed over first, which takes 5 s at most; without, the
 * next process adopts them.
 */
import { parseArgs } from 'node:util';
import { type Fields, type Level, logLine } from './agent/vrrp/log.ts';
import { isHandover, serve } from './agent/vrrp/serve.ts';
import { systemClock as clock } from './kernel/clock.ts';
import { openServiceManager } from './kernel/notify.ts';
import { openFrameSender } from './kernel/packet-frame-sender.ts';
import { openVrrpNetwork } from './kernel/raw-vrrp-socket.ts';
import { loadRawio } from './kernel/rawio.ts';
import { openAddresses } from './kernel/rtnetlink-addresses.ts';

const { values: paths } = parseArgs({
  options: {
    config: { type: 'string', default: '/var/lib/lvs-agent/config.json' },
    socket: { type: 'string', default: '/run/lvs-agent/vrrp.sock' },
    handover: { type: 'string', default: '/run/lvs-agent/handover' },
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
const addresses = openAddresses(rawio);
const stop = serve(
  paths,
  {
    clock,
    addresses,
    network: openVrrpNetwork({ rawio, addresses, clock }),
    frames: openFrameSender(rawio, addresses),
    log,
    afterInput: setImmediate,
  },
  openServiceManager(rawio, process.env),
);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    const release = isHandover(paths);
    log('notice', release ? 'stopping: roles are handed over' : 'restarting: addresses stay for the next process', {
      signal,
    });
    void stop(release).finally(() => process.exit(0));
  });
}
