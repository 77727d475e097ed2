/**
 * /etc/sysctl.d: values for the next boot, and a record of what they were before lvsctl came, by which they are put back
 * when they are no longer wanted.
 */
import { RECORD_MARK } from './managed.ts';

/** Key → value before, or null where there was none (the module was not loaded). */
export type Originals = Readonly<Record<string, string | null>>;

/** @param fleeting of interfaces that come and go with the agent: there is nothing to put back when they are gone */
export function sysctlFileBody(
  sysctls: Readonly<Record<string, string>>,
  originals: Originals,
  fleeting: Readonly<Record<string, string>> = {},
): string {
  const keys = Object.keys(sysctls);
  const records = keys.map((key) => {
    const before = originals[key];
    return before == null ? `${RECORD_MARK} was ${key}` : `${RECORD_MARK} was ${key} ${before}`;
  });
  // The minus sign: a key that does not exist yet (a module that is loaded later) is no error (sysctl.d(5)).
  const settings = Object.entries({ ...fleeting, ...sysctls }).map(([key, value]) => `-${key} = ${value}`);
  return `${[...records, ...settings].join('\n')}\n`;
}
