import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote, quoteProgram, UnquotableError } from '../../src/shell/quote.ts';

describe('quote', () => {
  it.each([
    ['plain', 'plain'],
    ['/etc/sysctl.d/50-x.conf', '/etc/sysctl.d/50-x.conf'],
    ['net.ipv4.ip_forward=1', 'net.ipv4.ip_forward=1'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", String.raw`'it'\''s'`],
    ['$HOME', "'$HOME'"],
    ['~', "'~'"],
    ['=x', "'=x'"],
    ['a\nb', "'a\nb'"],
    ['*', "'*'"],
  ])('%j is written %s', (text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });

  it('never lets a program be an assignment', () => {
    expect(quoteProgram('a=b')).toBe("'a=b'");
    expect(quoteProgram('ip')).toBe('ip');
  });

  it('refuses NUL', () => {
    expect(() => quote('a\0b')).toThrow(UnquotableError);
  });

  it.each(['dash', 'bash'])('comes out of %s as it went in, whatever it is', (shell) => {
    const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 12 }), 300).map((text) => text.replaceAll('\0', ''));
    const script = texts.map((text) => `printf '%s\\0' ${quote(text)}`).join('\n');
    const out = execFileSync(shell, { input: script, encoding: 'utf8' });
    // Lone surrogates are no characters: they become U+FFFD when they are written as UTF-8.
    expect(out.split('\0').slice(0, -1)).toEqual(texts.map((text) => text.toWellFormed()));
  });
});
