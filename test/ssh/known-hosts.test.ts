import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { entriesFor, knownHostsLine, knownHostsName, parseKnownHosts, verdictOn } from '../../src/ssh/known-hosts.ts';

/** A key made by ssh-keygen; its text was never near our code. */
const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIKqP3tDXK0wjsZyyLDjeIlFHVIPRlG8ojZxLeK6hkjKK';
const OTHER = 'AAAAC3NzaC1lZDI1NTE5AAAAIGWRHLLyJaCNVLdJJZrfBqKkWKTqZxYVUD2WuR6yoLVW';
const key = Buffer.from(KEY, 'base64');

const verdict = (text: string, name: string, shown = key): string =>
  verdictOn(entriesFor(parseKnownHosts(text, 'f'), name), shown).kind;

describe('known_hosts', () => {
  it.each([
    ['a name', `lb1 ssh-ed25519 ${KEY}`, 'lb1', 'known'],
    ['a name in other letters', `LB1 ssh-ed25519 ${KEY}`, 'lb1', 'known'],
    ['another name', `lb2 ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['one of several names', `a,lb1,10.0.0.1 ssh-ed25519 ${KEY}`, '10.0.0.1', 'known'],
    ['a comment behind the key', `lb1 ssh-ed25519 ${KEY} root@lb1 once`, 'lb1', 'known'],
    ['blanks and tabs', `  lb1\t ssh-ed25519   ${KEY}  `, 'lb1', 'known'],
    ['another port', `lb1 ssh-ed25519 ${KEY}`, '[lb1]:2222', 'unknown'],
    ['the port', `[lb1]:2222 ssh-ed25519 ${KEY}`, '[lb1]:2222', 'known'],
    ['IPv6', `2001:db8::1 ssh-ed25519 ${KEY}`, '2001:db8::1', 'known'],
    ['a star', `*.example.com ssh-ed25519 ${KEY}`, 'a.b.example.com', 'known'],
    ['a star that does not reach', `*.example.com ssh-ed25519 ${KEY}`, 'example.com', 'unknown'],
    ['a star before a port', `[*.example.com]:22022 ssh-ed25519 ${KEY}`, '[a.example.com]:22022', 'known'],
    ['a question mark', `lb? ssh-ed25519 ${KEY}`, 'lb1', 'known'],
    ['a negation', `lb*,!lb1 ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['a negation of another', `lb*,!lb1 ssh-ed25519 ${KEY}`, 'lb2', 'known'],
    ['a negation alone', `!lb2 ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['another key', `lb1 ssh-ed25519 ${OTHER}`, 'lb1', 'changed'],
    ['two keys', `lb1 ssh-ed25519 ${OTHER}\nlb1 ssh-ed25519 ${KEY}`, 'lb1', 'known'],
    ['a revoked key', `lb1 ssh-ed25519 ${KEY}\n@revoked * ssh-ed25519 ${KEY}`, 'lb1', 'revoked'],
    ['another key revoked', `lb1 ssh-ed25519 ${KEY}\n@revoked * ssh-ed25519 ${OTHER}`, 'lb1', 'known'],
    ['only another key revoked', `@revoked * ssh-ed25519 ${OTHER}`, 'lb1', 'unknown'],
    ['a certificate authority', `@cert-authority * ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['an unknown marker', `@new * ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['a comment line', `# lb1 ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['a line without a key', 'lb1 ssh-ed25519', 'lb1', 'unknown'],
    ['a key that is none', 'lb1 ssh-ed25519 !!!!', 'lb1', 'unknown'],
    ['a hash that is none', `|1|x ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['a hash of another kind', `|2|AAAA|AAAA ssh-ed25519 ${KEY}`, 'lb1', 'unknown'],
    ['Windows line ends', `lb1 ssh-ed25519 ${KEY}\r\nlb2 ssh-ed25519 ${KEY}\r\n`, 'lb1', 'known'],
  ])('%s', (_what, text, name, expected) => {
    expect(verdict(text, name)).toBe(expected);
  });

  it('finds what ssh-keygen has hashed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lvsctl-known-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'known_hosts');
    writeFileSync(file, `lb1 ssh-ed25519 ${KEY}\n[lb1]:2222 ssh-ed25519 ${OTHER}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain('lb1');
    expect([verdict(text, 'lb1'), verdict(text, '[lb1]:2222'), verdict(text, 'lb2')]).toEqual([
      'known',
      'changed',
      'unknown',
    ]);
  });

  it('says where an entry stands', () => {
    const [, entry] = parseKnownHosts(`# one\nlb1 ssh-ed25519 ${KEY}\n\nlb2 ssh-ed25519 ${KEY}\n`, '/a/known_hosts');
    expect(entry).toMatchObject({ file: '/a/known_hosts', line: 4, keyType: 'ssh-ed25519' });
  });

  it('reads back the line that it adds', () => {
    expect(knownHostsLine('[lb1]:2222', 'ssh-ed25519', key)).toBe(`[lb1]:2222 ssh-ed25519 ${KEY}\n`);
    expect(knownHostsName('LB1', 22)).toBe('lb1');
    expect(knownHostsName('2001:db8::1', 2222)).toBe('[2001:db8::1]:2222');
  });

  it('trusts nothing by accident and never throws, whatever stands in the file', () => {
    const field = fc.constantFrom(
      '@revoked',
      '@cert-authority',
      '|1|',
      '|1|AAAA|',
      '!*',
      '*',
      'lb?',
      'ssh-rsa',
      KEY.slice(0, 20),
      '#',
      ' ',
      '\t',
      '\n',
      ',',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(field, fc.string()), { maxLength: 30 }), (parts) => {
        expect(verdict(parts.join(''), 'lb1')).not.toBe('known');
      }),
    );
  });

  it('is quick with a pattern made to be slow', () => {
    expect(verdict(`${'*a'.repeat(500)} ssh-ed25519 ${KEY}`, 'a'.repeat(400))).toBe('unknown');
  });
});
