/** What the test of schedulers stands on: many clients in one namespace, realservers that answer on more ports, the kernel's own list. */
import type { Lab } from '../../vm-lab/lab.ts';
import { addressOf, type Machine } from '../../vm-lab/layout.ts';
import type { Packet, Server } from '../reference-schedulers/scheduler.ts';
import { sh } from './cluster.ts';

const WEBS = ['web1', 'web2', 'web3'] as const;
/** Where the clients live: behind the client's address on the front network. */
const CLIENTS = '10.99.0.0/16';

/** 200 addresses in eight networks of 25: the first eight are one of each. */
export const CLIENT_ADDRESSES: readonly string[] = Array.from(
  { length: 200 },
  (_, index) => `10.99.${index % 8}.${1 + Math.floor(index / 8)}`,
);

/** All addresses of the range are the client's own, and every machine knows the way there. */
export async function addClients(lab: Lab): Promise<void> {
  await sh(lab, 'client', `ip route replace local ${CLIENTS} dev lo`);
  const machines: readonly Machine[] = ['lb1', 'lb2', ...WEBS];
  const way = `via ${addressOf('client', 'front')} dev eth1`;
  await Promise.all(machines.map((machine) => sh(lab, machine, `ip route replace ${CLIENTS} ${way}`)));
}

export async function removeClients(lab: Lab): Promise<void> {
  await sh(lab, 'client', `ip route del local ${CLIENTS} dev lo`);
}

const PORTS = `server {
  listen 8001-8029;
  keepalive_timeout 1h;
  access_log off;
  default_type text/plain;
  location / { return 200 "$hostname\\n"; }
}`;

/** Answers each datagram with the machine's name, from the address that was asked. */
const ECHO = `import select, socket, sys
sockets = []
for port in map(int, sys.argv[2:]):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((sys.argv[1], port))
    sockets.append(one)
while True:
    for one in select.select(sockets, [], [])[0]:
        one.sendto(socket.gethostname().encode(), one.recvfrom(2048)[1])
`;

/** @param udpPorts of the VIP, which the realservers must have already */
export async function openPorts(lab: Lab, vip: string, udpPorts: readonly number[]): Promise<void> {
  const script = `cat >/etc/nginx/conf.d/ports.conf <<'END'
${PORTS}
END
systemctl reload nginx
cat >/root/echo.py <<'END'
${ECHO}
END
systemctl stop lab-echo 2>/dev/null || :
systemd-run --quiet --collect --unit=lab-echo python3 /root/echo.py ${vip} ${udpPorts.join(' ')}`;
  await Promise.all(WEBS.map((machine) => sh(lab, machine, script)));
}

export async function closePorts(lab: Lab): Promise<void> {
  const script =
    'systemctl stop lab-echo || :; rm -f /etc/nginx/conf.d/ports.conf /root/echo.py; systemctl reload nginx';
  await Promise.all(WEBS.map((machine) => sh(lab, machine, script)));
}

/** `TCP 10.77.1.100:80`, `FWM 1` → its servers, in the kernel's order. */
export type Table = ReadonlyMap<string, readonly Server[]>;

/** What `ipvsadm -Ln --nosort` prints. */
export function readTable(text: string): Table {
  const table = new Map<string, Server[]>();
  let servers: Server[] = [];
  for (const line of text.split('\n')) {
    const [, protocol, listener] = /^(TCP|UDP|FWM) +(\S+)/.exec(line) ?? [];
    if (protocol !== undefined) {
      servers = [];
      table.set(`${protocol} ${listener}`, servers);
    }
    const [, address, port, weight, active, inactive] =
      /^ *-> ([\d.]+):(\d+) +\w+ +(\d+) +(\d+) +(\d+)/.exec(line) ?? [];
    if (address === undefined) continue;
    servers.push({
      ...{ name: `web${Number(address.split('.')[3]) - 20}`, address, port: Number(port), weight: Number(weight) },
      ...{ active: Number(active), inactive: Number(inactive), isOverloaded: false },
    });
  }
  return table;
}

export function packetOf({ from, fromPort, to }: { from: string; fromPort: number; to: string }): Packet {
  return { source: from, sourcePort: fromPort, destination: to };
}
