/** Writes netlink.json: `bin/run node test/golden/capture-netlink.ts`. Needs User-Mode Linux and strace. */
import { writeFileSync } from 'node:fs';
import { runInUml } from '../lab/uml/boot.ts';

const program = new URL('../lab/uml/capture-program.ts', import.meta.url).pathname;
const recorded = await runInUml(program, 200_000);
writeFileSync(new URL('netlink.json', import.meta.url), `${JSON.stringify(recorded, null, 1)}\n`);
