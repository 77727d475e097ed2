/** IPVS's kernel-wide settings over generic netlink: version, timeouts, connection sync daemons. See ipvs-codec.ts. */
import { addressBytes, addressFromBytes, familyOf } from './address.ts';
import { MalformedError } from './cursor.ts';
import { decodeGeneric } from './genetlink.ts';
import type { IpvsTimeouts, SyncDaemon } from './ipvs.ts';
import { CMD, CMD_ATTR, encodeCommand } from './ipvs-command.ts';
import type { Attributes, AttributeWriter } from './netlink-attributes.ts';

const INFO_ATTR = { version: 1, connectionTableSize: 2 } as const;
const DAEMON_ATTR = { state: 1, interface: 2, id: 3, maxlen: 4, group: 5, group6: 6, port: 7, ttl: 8 } as const;
const DAEMON_STATES = { master: 1, backup: 2 } as const;

/** Version as `1.2.1`; buckets of the connection table. @throws MalformedError */
export function decodeInfo(payload: Uint8Array): { readonly version: string; readonly connectionTableSize: number } {
  const { attributes } = decodeGeneric(payload);
  const version = attributes.u32(INFO_ATTR.version);
  return {
    version: `${version >>> 16}.${(version >>> 8) & 0xff}.${version & 0xff}`,
    connectionTableSize: attributes.u32(INFO_ATTR.connectionTableSize),
  };
}

/** A null timeout is left out, and so left as it is. */
export function encodeTimeouts(timeouts: { readonly [Key in keyof IpvsTimeouts]: number | null }): Uint8Array {
  return encodeCommand(CMD.setConfig, (out) => {
    const put = (type: number, ms: number | null): void => {
      if (ms !== null) out.u32(type, Math.ceil(ms / 1000));
    };
    put(CMD_ATTR.timeoutTcp, timeouts.tcpMs);
    put(CMD_ATTR.timeoutTcpFin, timeouts.tcpFinMs);
    put(CMD_ATTR.timeoutUdp, timeouts.udpMs);
  });
}

/** @throws MalformedError */
export function decodeTimeouts(payload: Uint8Array): IpvsTimeouts {
  const { attributes } = decodeGeneric(payload);
  return {
    tcpMs: attributes.u32(CMD_ATTR.timeoutTcp) * 1000,
    tcpFinMs: attributes.u32(CMD_ATTR.timeoutTcpFin) * 1000,
    udpMs: attributes.u32(CMD_ATTR.timeoutUdp) * 1000,
  };
}

export function encodeStartDaemon(daemon: SyncDaemon): Uint8Array {
  return encodeDaemonCommand(CMD.newDaemon, (out) => {
    out
      .u32(DAEMON_ATTR.state, DAEMON_STATES[daemon.role])
      .text(DAEMON_ATTR.interface, daemon.interface)
      .u32(DAEMON_ATTR.id, daemon.id);
    if (daemon.maxlen !== 0) out.u16(DAEMON_ATTR.maxlen, daemon.maxlen);
    out
      .raw(familyOf(daemon.group) === 4 ? DAEMON_ATTR.group : DAEMON_ATTR.group6, addressBytes(daemon.group))
      .u16(DAEMON_ATTR.port, daemon.port)
      .u8(DAEMON_ATTR.ttl, daemon.ttl);
  });
}

export function encodeStopDaemon(role: SyncDaemon['role'], id: number): Uint8Array {
  return encodeDaemonCommand(CMD.deleteDaemon, (out) =>
    out.u32(DAEMON_ATTR.state, DAEMON_STATES[role]).u32(DAEMON_ATTR.id, id),
  );
}

function encodeDaemonCommand(command: number, build: (out: AttributeWriter) => void): Uint8Array {
  return encodeCommand(command, (out) => out.nested(CMD_ATTR.daemon, build));
}

/** @throws MalformedError */
export function decodeDaemon(payload: Uint8Array): SyncDaemon {
  const attributes = decodeGeneric(payload).attributes.nested(CMD_ATTR.daemon);
  return {
    role: decodeRole(attributes.u32(DAEMON_ATTR.state)),
    interface: attributes.text(DAEMON_ATTR.interface),
    id: attributes.u32(DAEMON_ATTR.id),
    maxlen: attributes.u16(DAEMON_ATTR.maxlen),
    group: addressFromBytes(groupBytes(attributes)),
    port: attributes.u16(DAEMON_ATTR.port),
    ttl: attributes.u8(DAEMON_ATTR.ttl),
  };
}

function groupBytes(attributes: Attributes): Uint8Array {
  const bytes = attributes.get(DAEMON_ATTR.group) ?? attributes.need(DAEMON_ATTR.group6);
  if (bytes.length !== 4 && bytes.length !== 16) throw new MalformedError(`group address of ${bytes.length} bytes`);
  return bytes;
}

function decodeRole(state: number): SyncDaemon['role'] {
  if (state === DAEMON_STATES.master) return 'master';
  if (state === DAEMON_STATES.backup) return 'backup';
  throw new MalformedError(`sync daemon in state ${state}`);
}
