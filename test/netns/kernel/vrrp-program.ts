/**
 * VRRP sockets and frames between two namespaces: this one (A) and a child (B) that echoes what it hears. Cases run one after
 * the other; B tells each packet as a line of JSON.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { systemClock } from '../../../src/kernel/clock.ts';
import { openFrameSender } from '../../../src/kernel/packet-frame-sender.ts';
import { openVrrpNetwork } from '../../../src/kernel/raw-vrrp-socket.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { openAddresses } from '../../../src/kernel/rtnetlink-addresses.ts';
import type { VrrpPacket, VrrpSocketOptions } from '../../../src/kernel/vrrp-socket.ts';
import type { Address } from '../../../src/wire/address.ts';
import { ip, report, until } from './namespace.ts';

const address = (text: string): Address => text as Address;
const isPeer = process.argv[2] === 'peer';
const [mine, peer, mine6, peer6] = (
  isPeer ? ['10.1.1.2', '10.1.1.1', 'fd00::2', 'fd00::1'] : ['10.1.1.1', '10.1.1.2', 'fd00::1', 'fd00::2']
).map(address) as [Address, Address, Address, Address];

const sockets: Readonly<Record<string, VrrpSocketOptions>> = {
  multicast: { interface: 'eth1', family: 4, source: mine, transport: 'multicast', group: address('224.0.0.18') },
  unicast: { interface: 'eth1', family: 4, source: mine, transport: 'unicast', group: address('224.0.0.18') },
  multicast6: { interface: 'eth1', family: 6, source: mine6, transport: 'multicast', group: address('ff02::12') },
  unicast6: { interface: 'eth1', family: 6, source: mine6, transport: 'unicast', group: address('ff02::12') },
};
/** IPv6 needs a checksum that the kernel can fill in at offset 6. */
const payload = (tag: number): Uint8Array => Uint8Array.of(0x31, tag, 100, 0, 0, 100, 0, 0);

const rawio = loadRawio();
const addresses = openAddresses(rawio);
const network = openVrrpNetwork({ rawio, clock: systemClock, addresses });
const heard: { readonly socket: string; readonly packet: VrrpPacket }[] = [];
const errors: string[] = [];
const open = Object.fromEntries(
  Object.entries(sockets).map(([name, options]) => [
    name,
    network.open(options, {
      onPacket: (packet) => {
        heard.push({ socket: name, packet });
        if (isPeer) console.log(JSON.stringify({ socket: name, ...packet, payload: [...packet.payload] }));
      },
      onError: (error) => errors.push(error.message),
    }),
  ]),
);
const socketOf = (name: string) => {
  const found = open[name];
  if (found === undefined) throw new RangeError(name);
  return found;
};

function configure(): void {
  ip(`address replace ${mine}/24 dev eth1`);
  ip(`address replace ${mine6}/64 dev eth1 nodad`);
  ip('link set eth1 up');
}

async function runPeer(): Promise<void> {
  for (;;) {
    await until('eth1 comes', () => addresses.links().some(({ name }) => name === 'eth1'), 20_000);
    configure();
    console.log('"ready"');
    await until('eth1 goes', () => !addresses.links().some(({ name }) => name === 'eth1'), 20_000);
    console.log('"gone"');
  }
}

async function runMain(): Promise<void> {
  const child = spawn('unshare', ['--net', process.execPath, import.meta.filename, 'peer'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: unknown[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line)));
  const connect = async (): Promise<void> => {
    const readies = told.filter((one) => one === 'ready').length;
    ip(`link add eth1 address 02:00:00:00:00:01 type veth peer name eth1 netns ${child.pid}`);
    configure();
    await until('the peer is ready', () => told.filter((one) => one === 'ready').length > readies);
    await until('eth1 runs', () => addresses.links().some(({ name, running }) => name === 'eth1' && running));
  };
  const packets = (): Record<string, unknown>[] =>
    told.filter((one): one is Record<string, unknown> => typeof one === 'object');
  /** Until the peer has it: an IPv6 neighbour may take a moment after the link is there. */
  const send = async (name: string, tag: number, destination: Address): Promise<unknown> => {
    const has = (): boolean =>
      packets().some((one) => one['socket'] === name && (one['payload'] as number[])[1] === tag);
    await until(`packet ${tag} arrives at ${name}`, () => {
      if (!has()) socketOf(name).send(payload(tag), destination);
      return has();
    });
    return packets().find((one) => one['socket'] === name && (one['payload'] as number[])[1] === tag);
  };

  const result: Record<string, unknown> = {
    beforeInterface: socketOf('multicast').send(payload(1), address('224.0.0.18'))?.message,
  };
  await connect();
  result['errorsBefore'] = errors.splice(0);
  result['multicast'] = await send('multicast', 2, address('224.0.0.18'));
  result['unicast'] = await send('unicast', 3, peer);
  result['multicast6'] = await send('multicast6', 4, address('ff02::12'));
  result['unicast6'] = await send('unicast6', 5, peer6);
  result['unicastHeardMulticast'] = packets().some(
    (one) => one['socket'] === 'unicast' && one['destination'] === '224.0.0.18',
  );
  result['heardMyself'] = heard.length;

  // Down and up again: the same socket goes on.
  ip('link set eth1 down');
  result['whileDown'] = socketOf('multicast').send(payload(6), address('224.0.0.18'))?.code;
  configure();
  result['afterUp'] = await send('multicast', 7, address('224.0.0.18'));

  // A new interface by the old name.
  ip('link del eth1');
  await until('the peer lost it', () => told.includes('gone'));
  await connect();
  result['recreated'] = await send('multicast', 8, address('224.0.0.18'));

  // A frame of its own: gratuitous ARP for 10.1.1.100.
  const frames = openFrameSender(rawio, addresses);
  const mac = [2, 0, 0, 0, 0, 1];
  const vip = [10, 1, 1, 100];
  const arp = [0, 1, 8, 0, 6, 4, 0, 1, ...mac, ...vip, 0, 0, 0, 0, 0, 0, ...vip];
  const frame = Uint8Array.from([255, 255, 255, 255, 255, 255, ...mac, 8, 6, ...arp]);
  const peerIp = (words: string): string =>
    execFileSync('nsenter', ['-t', String(child.pid), '-n', 'ip', ...words.split(' ')], { encoding: 'utf8' });
  peerIp('neighbour replace 10.1.1.100 lladdr 02:99:99:99:99:99 dev eth1 nud stale');
  await until('the neighbour learns the MAC', () => {
    frames.sendFrame('eth1', frame);
    return peerIp('neighbour show 10.1.1.100').includes('02:00:00:00:00:01');
  });
  result['neighbour'] = peerIp('neighbour show 10.1.1.100').trim();
  result['noInterface'] = frames.sendFrame('nope', frame)?.message;
  for (const socket of Object.values(open)) socket.close();
  frames.close();
  addresses.close();
  child.kill('SIGKILL');
  report(result);
}

await (isPeer ? runPeer() : runMain());
