import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { tarBlocks } from '../../src/playbook/tar.ts';

const text = (content: string) => new TextEncoder().encode(content);

function archive(...entries: Parameters<typeof tarBlocks>[0]): Buffer {
  return Buffer.concat([...tarBlocks(entries)]);
}

describe('a tar archive', () => {
  it('is what tar(1) reads: names, modes, owner, sizes, contents', () => {
    const big = new Uint8Array(1500).fill(65);
    const bytes = archive(
      { name: 'node', mode: 0o755, content: big },
      { name: 'empty', mode: 0o644, content: text('') },
    );
    const listing = execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--utc'], { input: bytes, encoding: 'utf8' });
    expect(
      listing
        .trim()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
    ).toEqual(['-rwxr-xr-x 0/0 1500 1970-01-01 00:00 node', '-rw-r--r-- 0/0 0 1970-01-01 00:00 empty']);
    expect(execFileSync('tar', ['-xOf', '-', 'node'], { input: bytes }).equals(big)).toBe(true);
  });

  it('has equal bytes for equal files, and whole blocks', () => {
    const once = archive({ name: 'a', mode: 0o644, content: text('x'.repeat(512)) });
    expect(once.equals(archive({ name: 'a', mode: 0o644, content: text('x'.repeat(512)) }))).toBe(true);
    expect(once.length).toBe(512 * 4);
  });

  it('refuses a name that the format cannot hold', () => {
    expect(() => archive({ name: 'n'.repeat(101), mode: 0o644, content: text('') })).toThrow(RangeError);
  });
});
