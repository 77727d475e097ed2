import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withSecrets } from '../../src/commands/secrets.ts';
import { Failure } from '../../src/output/failure.ts';
import { configuration, instance } from '../vrrp/configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'lvsctl-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A configuration whose key is in a file with this in it. */
function keyed(text: string) {
  const path = join(folder, 'vrrp.key');
  writeFileSync(path, text);
  return configuration([instance({ hmac: { key: { source: 'file', value: path }, mode: 'enforce' } })]);
}

it('that are in a file which is not there are told in words', async () => {
  const key = { source: 'file', value: join(folder, 'none') } as const;
  const config = configuration([instance({ hmac: { key, mode: 'enforce' } })]);
  await expect(withSecrets(config)).rejects.toThrow(`\${file:${folder}/none} cannot be had: there is no such file`);
});

describe('the key of signed advertisements', () => {
  it.each([`hex:${'0f'.repeat(32)}`, `12 hex:${'0f'.repeat(64)}\n`, 'a passphrase of thirty-two letters'])(
    'is fetched as it stands in its file: %j',
    async (text) => {
      const { instances } = await withSecrets(keyed(text));
      expect(instances[0]?.hmac?.key).toEqual({ source: 'literal', value: text.trimEnd() });
    },
  );

  it.each([
    ['s3cret', 'has 6 bytes'],
    ['hex:0f0f', 'has 2 bytes'],
    [`hex:${'0f'.repeat(32)}0`, 'has half a byte'],
    [`0 hex:${'0f'.repeat(32)}`, 'has number 0'],
    [`256 hex:${'0f'.repeat(32)}`, 'has number 256'],
    ['x'.repeat(65), 'has 65 bytes'],
  ])('that is none is refused by its file, and nothing of it is told: %j', async (text, why) => {
    const refused = await withSecrets(keyed(text)).catch((error: unknown) => error);
    if (!(refused instanceof Failure)) throw new Error('it was not refused');
    const { code, message } = refused;
    expect(code).toBe(5);
    const whence = `vrrp.public.hmac: the key of \${file:${folder}/vrrp.key}`;
    expect(message).toContain(`${whence} ${why}; expected 32 to 64 bytes`);
    expect(message).not.toMatch(/s3cret|0f0f|xxx/);
  });
});
