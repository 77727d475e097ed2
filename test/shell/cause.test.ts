import { describe, expect, it } from 'vitest';
import { causeIn, remedyFor } from '../../src/shell/cause.ts';

// As GNU tar 1.34, coreutils 9.1 and kmod 30 said it on a Debian 12.
describe('why a program failed', () => {
  it.each([
    [
      'tar: node: Wrote only 4608 of 10240 bytes\ntar: ./node: Cannot write: No space left on device\ntar: Exiting with failure status due to previous errors\n',
      'tar: ./node: Cannot write: No space left on device',
    ],
    [
      "modprobe: WARNING: x\nmodprobe: ERROR: could not insert 'ip_vs': Operation not permitted",
      "modprobe: ERROR: could not insert 'ip_vs': Operation not permitted",
    ],
    ['one\n  two  \n', 'two'],
    ['', ''],
  ])('%j is %j', (stderr, cause) => {
    expect(causeIn(stderr)).toBe(cause);
  });

  it.each([
    ['cat: write error: No space left on device', /space/],
    ['sh: 3: cannot create /etc/x: Read-only file system', /dmesg/],
  ])('%s has a remedy', (cause, words) => {
    expect(remedyFor(cause)).toMatch(words);
  });

  it('knows no remedy for anything else', () => {
    expect(remedyFor('tar: bad header')).toBeNull();
  });
});
