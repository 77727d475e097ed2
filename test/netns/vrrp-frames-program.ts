/** `node vrrp-frames-program.ts INTERFACE FILE`: sends frames, one a line in hex, as they stand there, whoever they say they are of. */
import { readFileSync } from 'node:fs';
import { openFrameSender } from '../../src/kernel/packet-frame-sender.ts';
import { loadRawio } from '../../src/kernel/rawio.ts';
import { openAddresses } from '../../src/kernel/rtnetlink-addresses.ts';

const [on, file] = process.argv.slice(2);
if (on === undefined || file === undefined) throw new Error('usage: vrrp-frames-program.ts INTERFACE FILE');
const rawio = loadRawio();
const sender = openFrameSender(rawio, openAddresses(rawio));
for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
  const error = sender.sendFrame(on, Buffer.from(line, 'hex'));
  if (error !== undefined) throw error;
}
process.exit(0);
