/** Generic netlink (uapi/linux/genetlink.h): its header, and the request by which a family's number is found. */
import { MalformedError } from './cursor.ts';
import { type Attributes, AttributeWriter, decodeAttributes } from './netlink-attributes.ts';

/** The controller's own, fixed message type. */
export const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;

const SLAB_BYTES = 64 * 1024;
/** One for all: encoding never waits, and `build` only writes. */
const scratch = new AttributeWriter(SLAB_BYTES);

/** genlmsghdr: command u8 | version u8 | reserved u16, then attributes. */
export function encodeGeneric(command: number, version: number, build: (out: AttributeWriter) => void): Uint8Array {
  scratch.prefix(command, version, 0, 0);
  build(scratch);
  return scratch.done();
}

/** @throws MalformedError */
export function decodeGeneric(payload: Uint8Array): { readonly command: number; readonly attributes: Attributes } {
  const [command] = payload;
  if (command === undefined || payload.length < 4) throw new MalformedError('generic netlink message without header');
  return { command, attributes: decodeAttributes(payload.subarray(4)) };
}

/** Asks for the number of a family by its name; ENOENT when no module offers it. */
export function encodeFamilyRequest(name: string): Uint8Array {
  return encodeGeneric(CTRL_CMD_GETFAMILY, 1, (out) => out.text(CTRL_ATTR_FAMILY_NAME, name));
}

/** @throws MalformedError */
export function decodeFamilyId(payload: Uint8Array): number {
  return decodeGeneric(payload).attributes.u16(CTRL_ATTR_FAMILY_ID);
}
