import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExchangeKeys } from '../../../src/agent/exchange/keys.ts';
import { opened, sealed } from '../../../src/agent/exchange/seal.ts';
import { keyText } from './directors.ts';

const [ONE, TWO, THREE] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

const idOf = (key: Uint8Array): string => keyText(key).slice(0, 32);

describe('a seal', () => {
  it('is HMAC-SHA256 behind the bytes (RFC 4231, test case 2)', () => {
    const text = Buffer.from('what do ya want for nothing?');
    expect(
      Buffer.from(sealed(text, Buffer.from('Jefe')))
        .subarray(-32)
        .toString('hex'),
    ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('is opened by one of the keys that made it, and by no other', () => {
    const datagram = sealed(Uint8Array.of(1, 2, 3), ONE);
    expect([...(opened(datagram, [TWO, ONE]) ?? [])]).toEqual([1, 2, 3]);
    expect(opened(datagram, [TWO])).toBeUndefined();
    expect(opened(datagram, [])).toBeUndefined();
    expect(opened(datagram.subarray(1), [ONE])).toBeUndefined();
    expect(opened(datagram.subarray(0, 31), [ONE])).toBeUndefined();
  });
});

describe('the key file', () => {
  let folder: string;
  let path: string;
  const now = Date.now();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keys-'));
    path = join(folder, 'exchange.key');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const hex = (keys: readonly Uint8Array[]): string[] =>
    keys.map((key) => Buffer.from(key).toString('hex').slice(0, 2));

  it('has a key and its fingerprint', () => {
    writeFileSync(path, keyText(ONE));
    const keys = new ExchangeKeys(path, () => now);
    expect([hex(keys.all), keys.id, keys.error]).toEqual([['01'], idOf(ONE), null]);
  });

  it.each([
    ['nothing', ''],
    ['another fingerprint', keyText(ONE).replace(/^./, (digit) => (digit === '0' ? '1' : '0'))],
    ['half a key', keyText(ONE).slice(0, -20)],
  ])('with %s is told of, and gives no key', (_what, text) => {
    writeFileSync(path, text);
    const keys = new ExchangeKeys(path, () => now);
    expect([keys.all, keys.id, keys.error]).toEqual([[], null, `${path} is damaged; remove it and apply`]);
  });

  it('that is replaced leaves the former key valid for an hour, also when it was taken away in between', () => {
    let wallMs = now;
    writeFileSync(path, keyText(ONE));
    const keys = new ExchangeKeys(path, () => wallMs);
    rmSync(path);
    keys.refresh();
    expect([hex(keys.all), keys.id]).toEqual([['01'], null]);
    writeFileSync(path, keyText(TWO));
    keys.refresh();
    expect([hex(keys.all), keys.id]).toEqual([['02', '01'], idOf(TWO)]);
    wallMs += 3_600_000;
    expect(hex(keys.all)).toEqual(['02']);
  });

  it('has the former key beside it, for a process that starts meanwhile, as long as that is young', () => {
    writeFileSync(path, keyText(TWO));
    writeFileSync(`${path}.former`, keyText(THREE));
    expect(hex(new ExchangeKeys(path, () => now).all)).toEqual(['02', '03']);
    utimesSync(`${path}.former`, now / 1000 - 3_700, now / 1000 - 3_700);
    expect(hex(new ExchangeKeys(path, () => now).all)).toEqual(['02']);
  });
});
