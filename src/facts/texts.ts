/** Files as they are, ours and those below /proc/sys: one `head` for all, which is one fork. */
import { quote } from '../shell/quote.ts';
import type { Fact } from './fact.ts';

/** Path → content. What is not there is missing; what was longer is cut off, and so is not as any file of ours. */
export type Texts = Readonly<Record<string, string>>;

/** The sysctl file of a host with thousands of interfaces, and then some. */
const LONGEST_BYTES = 1_048_576;

/**
 * The shell's own `read` takes a byte at a time: 20 ms a kilobyte in a small machine, as much as a fork, and of a number below
 * /proc/sys the kernel gives no more than the first digit that way (kernel/sysctl.c, do_proc_dointvec: nothing beyond offset 0).
 */
export const textsFact: Fact<readonly string[], Texts> = {
  name: 'texts',
  script: (paths) => `head -v -c ${LONGEST_BYTES} ${paths.map(quote).join(' ')} 2>/dev/null
:`,
  parse(printed) {
    const heads = [...printed.matchAll(HEAD)];
    return Object.fromEntries(
      heads.map(({ 0: head, 1: path = '', index }, at) => [
        path,
        // Between two files stands an empty line.
        printed.slice(index + head.length, (heads[at + 1]?.index ?? printed.length + 1) - 1),
      ]),
    );
  },
};

/** What head(1) writes before a file. A file that has such a line in it is not one of ours, and reads as another than it is. */
const HEAD = /^==> (\/[^\n]+) <==\n/gm;
