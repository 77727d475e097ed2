/**
 * The supervisor of a director: `node agent.mjs [--config FILE] [--socket PATH] [--vrrp-socket PATH] [--handover FILE]`.
 * SIGTERM and SIGINT end it; IPVS goes on without it. `node agent.mjs ctl …` asks one that runs.
 */
import { parseArgs } from 'node:util';
import { control } from './agent/ctl.ts';
import { runAgent } from './agent/run-agent.ts';
import { systemDatagrams } from './kernel/datagrams.ts';
import { openIpvs } from './kernel/netlink-ipvs.ts';
import { openServiceManager } from './kernel/notify.ts';
import { openPeerSockets } from './kernel/peer-sockets.ts';
import { loadRawio } from './kernel/rawio.ts';
import { openStreams } from './kernel/streams.ts';
import { systemSysctls } from './kernel/sysctls.ts';
import { openFirewall } from './kernel/system-firewall.ts';

const CONTROL_SOCKET = '/run/lvs-agent/control.sock';

const [first, ...rest] = process.argv.slice(2);
if (first === 'ctl') process.exitCode = await control(CONTROL_SOCKET, rest);
else await serve();

async function serve(): Promise<void> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', default: '/var/lib/lvs-agent/config.json' },
      socket: { type: 'string', default: CONTROL_SOCKET },
      'vrrp-socket': { type: 'string', default: '/run/lvs-agent/vrrp.sock' },
      handover: { type: 'string', default: '/run/lvs-agent/handover' },
    },
  });
  // A mistake of ours: systemd starts the next process, which adopts what this one left.
  process.on('uncaughtException', (error) => {
    process.stdout.write(`<3>the agent ends on an unforeseen error: ${JSON.stringify(error.stack ?? error.message)}\n`);
    process.exit(1);
  });
  const rawio = loadRawio();
  const stop = await runAgent(
    { config: values.config, socket: values.socket, vrrpSocket: values['vrrp-socket'], handover: values.handover },
    {
      ipvs: openIpvs(rawio),
      firewall: openFirewall(),
      manager: openServiceManager(rawio, process.env),
      datagrams: systemDatagrams,
      peerSockets: openPeerSockets(rawio),
      streams: openStreams(rawio),
      sysctls: systemSysctls,
    },
    (line) => process.stdout.write(line),
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void stop().finally(() => process.exit(0)));
}
