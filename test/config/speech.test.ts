import { describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { misunderstandings, speechOf } from '../../src/config/speech.ts';
import { address, instance } from '../vrrp/configuration.ts';

const pass = (value: string): Partial<InstanceConfig> => ({
  version: 2,
  authentication: { pass: { source: 'literal', value } },
});
const hmac = (value: string, mode: 'enforce' | 'permissive' = 'enforce'): Partial<InstanceConfig> => ({
  hmac: { key: { source: 'literal', value }, mode },
});
const speaker = (director: string, source: string) => ({
  director,
  interface: 'eth1',
  source: address(source),
  priority: 100,
});
const three = [speaker('a', '10.9.0.1'), speaker('b', '10.9.0.2'), speaker('c', '10.9.0.3')];
const multicast = { transport: 'multicast' } as const;

describe('directors', () => {
  it.each<[string, Partial<InstanceConfig>, Partial<InstanceConfig>, string[]]>([
    ['VRRP version', {}, { version: 2 }, ['version 3 → 2']],
    ['VRID', {}, { vrid: 52 }, ['VRID 51 → 52']],
    ['transport', {}, multicast, ['transport unicast → multicast']],
    ['group', multicast, { ...multicast, multicastGroup: address('224.0.0.118') }, ['group 224.0.0.18 → 224.0.0.118']],
    ['interval of version 2', pass('x'), { ...pass('x'), advertIntervalMs: 2000 }, ['interval 1000 ms → 2000 ms']],
    ['password', pass('one'), pass('two'), ['authentication']],
    ['password where there was none', { version: 2 }, pass('two'), ['authentication']],
    ['HMAC key', hmac('one'), hmac('two'), ['authentication']],
    ['HMAC mode', hmac('one'), hmac('one', 'permissive'), ['authentication']],
    [
      'source',
      {},
      { speakers: [speaker('a', '10.9.0.1'), speaker('b', '10.9.0.9')] },
      ['source of b 10.9.0.2 → 10.9.0.9'],
    ],
    ['third one', {}, { speakers: three }, ['c joins']],
    ['third one less', { speakers: three }, {}, ['c leaves']],
  ])('with another %s do not understand each other', (_what, before, after, words) => {
    expect(misunderstandings(speechOf(instance(before)), speechOf(instance(after)))).toEqual(words);
  });

  it.each<[string, Partial<InstanceConfig>, Partial<InstanceConfig>]>([
    ['interval of version 3', {}, { advertIntervalMs: 100 }],
    ['checksum', {}, { checksum: 'plain' }],
    ['priorities and pre-emption', {}, { preempt: true, speakers: [...(instance().speakers ?? [])].toReversed() }],
    ['third one by multicast', multicast, { ...multicast, speakers: three }],
    ['name', {}, { name: 'other' }],
  ])('with another %s do', (_what, before, after) => {
    expect(misunderstandings(speechOf(instance(before)), speechOf(instance(after)))).toEqual([]);
  });

  it('tell of a secret no more than four digits', () => {
    const { secret } = speechOf(instance(pass('s3cret')));
    expect(secret).toMatch(/^[0-9a-f]{4}$/);
    expect(JSON.stringify(speechOf(instance(pass('s3cret'))))).not.toContain('s3cret');
  });
});
