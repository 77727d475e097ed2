/** {@link Ipvs} on the real kernel, by generic netlink. */
import { setImmediate as turn } from 'node:timers/promises';
import { decodeFamilyId, encodeFamilyRequest, GENL_ID_CTRL } from '../wire/genetlink.ts';
import {
  type DestinationEntry,
  familyOfService,
  type IpvsChange,
  type ServiceEntry,
  type ServiceId,
  serviceKey,
} from '../wire/ipvs.ts';
import { decodeDestination, decodeService, encodeChange, encodeDestinationDump } from '../wire/ipvs-codec.ts';
import { CMD, encodeCommand, IPVS_FAMILY } from '../wire/ipvs-command.ts';
import {
  decodeDaemon,
  decodeInfo,
  decodeTimeouts,
  encodeStartDaemon,
  encodeStopDaemon,
  encodeTimeouts,
} from '../wire/ipvs-settings-codec.ts';
import { NLMSG_HEADER } from '../wire/netlink.ts';
import type { Ipvs } from './ipvs.ts';
import { changeError } from './ipvs-error.ts';
import { IpvsNotLoadedError, KernelError } from './kernel-error.ts';
import { ENOENT, ESRCH, NETLINK_GENERIC } from './linux-abi.ts';
import { type Asked, NetlinkSocket } from './netlink-socket.ts';
import type { Rawio } from './rawio.ts';

/** Bytes of one sendmsg: the kernel works through it before the call returns, and the loop stands still meanwhile. */
const CHUNK_BYTES = 32 * 1024;
/** Dumps of destinations between two turns of the loop. */
const DUMPS_A_TURN = 50;

/** The module may be missing now and come later: it is looked for at each call until it is there. @throws KernelError */
export function openIpvs(rawio: Rawio): Ipvs {
  const socket = new NetlinkSocket(rawio, NETLINK_GENERIC);
  let familyId: number | undefined;
  const table: Table = {
    socket,
    family: (operation) => {
      familyId ??= findFamily(socket, operation);
      return familyId;
    },
  };
  return {
    info: async () => decodeInfo(ask(table, 'read IPVS info', encodeCommand(CMD.getInfo))),
    read: () => readTable(table),
    destinations: async (id) => destinationsOf(table, id),
    apply: (changes) => applyChanges(table, changes),
    flush: async () => order(table, 'flush IPVS table', '', encodeCommand(CMD.flush)),
    timeouts: async () => decodeTimeouts(ask(table, 'read IPVS timeouts', encodeCommand(CMD.getConfig))),
    setTimeouts: async (timeouts) => order(table, 'set IPVS timeouts', '', encodeTimeouts(timeouts)),
    daemons: async () => dump(table, 'list sync daemons', '', encodeCommand(CMD.getDaemon)).map(decodeDaemon),
    startDaemon: async (daemon) =>
      order(table, 'start sync daemon', `${daemon.role} dev ${daemon.interface}`, encodeStartDaemon(daemon)),
    stopDaemon: async (role, id) => stopDaemon(table, role, id),
    close: () => socket.close(),
  };
}

interface Table {
  readonly socket: NetlinkSocket;
  /** @throws IpvsNotLoadedError */
  family(operation: string): number;
}

function findFamily(socket: NetlinkSocket, operation: string): number {
  const request = { type: GENL_ID_CTRL, flags: 0, payload: encodeFamilyRequest(IPVS_FAMILY) };
  try {
    const answer = socket.request(request, { operation, target: '' });
    if (answer !== undefined) return decodeFamilyId(answer.payload);
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== ENOENT) throw error;
  }
  throw new IpvsNotLoadedError(operation);
}

function order(table: Table, operation: string, target: string, payload: Uint8Array): void {
  table.socket.request({ type: table.family(operation), flags: 0, payload }, { operation, target });
}

function ask(table: Table, operation: string, payload: Uint8Array): Uint8Array {
  const asked: Asked = { operation, target: '' };
  const answer = table.socket.request({ type: table.family(operation), flags: 0, payload }, asked);
  if (answer === undefined) throw new KernelError({ ...asked, errno: 0, detail: 'the kernel did not answer' });
  return answer.payload;
}

function dump(table: Table, operation: string, target: string, payload: Uint8Array): Uint8Array[] {
  const request = { type: table.family(operation), flags: 0, payload };
  return table.socket.dump(request, { operation, target }).map((message) => message.payload);
}

function stopDaemon(table: Table, role: 'master' | 'backup', id: number): void {
  try {
    order(table, 'stop sync daemon', role, encodeStopDaemon(role, id));
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== ESRCH) throw error;
  }
}

/** One dump of the services, then one of each service's destinations: the kernel has no dump of all. */
async function readTable(table: Table): Promise<readonly ServiceEntry[]> {
  const services = dump(table, 'read IPVS table', '', encodeCommand(CMD.getService)).map(decodeService);
  const entries: ServiceEntry[] = [];
  for (const [index, entry] of services.entries()) {
    if (index > 0 && index % DUMPS_A_TURN === 0) await turn();
    entries.push({ ...entry, destinations: destinationsOf(table, entry.service.id) });
  }
  return entries;
}

function destinationsOf(table: Table, id: ServiceId): DestinationEntry[] {
  const family = familyOfService(id);
  const payloads = dump(table, 'read IPVS destinations', serviceKey(id), encodeDestinationDump(id));
  return payloads.map((payload) => decodeDestination(payload, family));
}

async function applyChanges(
  table: Table,
  changes: readonly IpvsChange[],
): Promise<readonly (KernelError | undefined)[]> {
  const type = table.family('change IPVS table');
  const asked = { operation: 'change IPVS table', target: '' };
  const results: (KernelError | undefined)[] = [];
  for (const chunk of chunksOf(changes)) {
    if (results.length > 0) await turn();
    const requests = chunk.map(({ payload }) => ({ type, flags: 0, payload }));
    const answers = table.socket.batch(requests, asked);
    for (const [index, { change }] of chunk.entries()) results.push(changeError(change, answers[index]));
  }
  return results;
}

interface EncodedChange {
  readonly change: IpvsChange;
  readonly payload: Uint8Array;
}

/** Encoded as it goes, so that the first chunk is not kept waiting by the encoding of the last. */
function* chunksOf(changes: readonly IpvsChange[]): Generator<readonly EncodedChange[]> {
  let chunk: EncodedChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    const payload = encodeChange(change);
    if (bytes + NLMSG_HEADER + payload.length > CHUNK_BYTES) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push({ change, payload });
    bytes += NLMSG_HEADER + payload.length;
  }
  if (chunk.length > 0) yield chunk;
}
