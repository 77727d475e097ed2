/** Why a program failed, from what it said. */

/** As strerror(3) words them. Where one stands it is the cause, whatever the program goes on to say. */
const SYSTEM_ERROR =
  /No space left on device|Disk quota exceeded|Read-only file system|Input\/output error|Cannot allocate memory|Permission denied|Operation not permitted/;

/** The one line that says why; programs without an error of the system say it in their last line. */
export function causeIn(stderr: string): string {
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => line.trim());
  return lines.find((line) => SYSTEM_ERROR.test(line)) ?? lines.at(-1) ?? '';
}

/** What to do about an error of the system, one sentence; null: nothing is known to help. */
export function remedyFor(cause: string): string | null {
  if (/No space left on device|Disk quota exceeded/.test(cause)) return 'Free some space there and apply again.';
  if (/Read-only file system|Input\/output error/.test(cause)) return 'See what dmesg says there about its disk.';
  if (/Cannot allocate memory/.test(cause)) return 'Free some memory there and apply again.';
  return null;
}
