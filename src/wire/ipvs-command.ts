/** The commands of IPVS's generic netlink family and their first level of attributes (uapi/linux/ip_vs.h). */
import { encodeGeneric } from './genetlink.ts';
import type { AttributeWriter } from './netlink-attributes.ts';

export const IPVS_FAMILY = 'IPVS';
const VERSION = 1;

export const CMD = {
  newService: 1, setService: 2, deleteService: 3, getService: 4,
  newDestination: 5, setDestination: 6, deleteDestination: 7, getDestination: 8,
  newDaemon: 9, deleteDaemon: 10, getDaemon: 11,
  setConfig: 12, getConfig: 13, getInfo: 15, flush: 17,
} as const; // biome-ignore format: as the header groups them

export const CMD_ATTR = {
  service: 1,
  destination: 2,
  daemon: 3,
  timeoutTcp: 4,
  timeoutTcpFin: 5,
  timeoutUdp: 6,
} as const;

export function encodeCommand(command: number, build: (out: AttributeWriter) => void = () => {}): Uint8Array {
  return encodeGeneric(command, VERSION, build);
}
