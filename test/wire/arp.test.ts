import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/wire/address.ts';
import { gratuitousArp } from '../../src/wire/arp.ts';
import golden from '../golden/vrrp.json' with { type: 'json' };

const MAC = Uint8Array.from([2, 0, 0, 0, 0, 1]);

describe('gratuitous ARP', () => {
  it('is byte for byte what keepalived sends for the same MAC and address', () => {
    const frame = Buffer.from(gratuitousArp(MAC, '10.9.0.100' as Address)).toString('hex');
    expect(frame).toBe(golden.announcements['10.9.0.100']);
  });

  it('refuses a MAC of another length, and IPv6', () => {
    expect(() => gratuitousArp(MAC.subarray(1), '10.9.0.100' as Address)).toThrow(RangeError);
    expect(() => gratuitousArp(MAC, '2001:db8::1' as Address)).toThrow(RangeError);
  });
});
