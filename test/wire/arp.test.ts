import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, addressFromBytes } from '../../src/wire/address.ts';
import { arpProbe, gratuitousArp, parseArpSender } from '../../src/wire/arp.ts';
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

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('an ARP probe', () => {
  it('has no sender address and no target MAC (RFC 5227 section 2.1.1)', () => {
    expect(Buffer.from(arpProbe(MAC, '10.9.0.100' as Address)).toString('hex')).toBe(
      'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 0a090064'.replaceAll(
        ' ',
        '',
      ),
    );
  });

  it('refuses a MAC of another length, and IPv6', () => {
    expect(() => arpProbe(MAC.subarray(1), '10.9.0.100' as Address)).toThrow(RangeError);
    expect(() => arpProbe(MAC, '2001:db8::1' as Address)).toThrow(RangeError);
  });
});

describe('who sent ARP', () => {
  const ENDS = '020000000001 0806 0001080006040002 020000000099 0a090064 020000000001 00000000';
  const SENDER = { mac: '02:00:00:00:00:99', address: '10.9.0.100' };
  it.each([
    ['a reply to a probe', `020000000001 ${ENDS}`, SENDER],
    ['a reply that was padded', `020000000001 ${ENDS} 000000000000000000000000000000000000`, SENDER],
    ['a gratuitous request', golden.announcements['10.9.0.100'], { mac: '02:00:00:00:00:01', address: '10.9.0.100' }],
    ['another one\'s probe', Buffer.from(arpProbe(MAC, '10.9.0.100' as Address)).toString('hex'), { mac: '02:00:00:00:00:01', address: '0.0.0.0' }], // biome-ignore format: a table
  ])('%s', (_what, frame, sender) => {
    expect(parseArpSender(hex(frame))).toEqual(sender);
  });

  const frame = `020000000001 ${ENDS}`.replaceAll(' ', '');
  it.each([
    ['nothing', ''],
    ['a frame cut short', frame.slice(0, -2)],
    ['another type', frame.replace('0806', '0800')],
    ['another hardware', frame.replace('00010800', '00060800')],
    ['another protocol', frame.replace('00010800', '000186dd')],
    ['a longer MAC', frame.replace('0604', '0804')],
    ['RARP', frame.replace('06040002', '06040004')],
  ])('is not read from %s', (_what, text) => {
    expect(parseArpSender(hex(text))).toBeUndefined();
  });

  it('is us, in what we send', () => {
    const [four, six] = [4, 6].map((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(four!, six!, (ip, mac) => {
        const address = addressFromBytes(ip);
        const text = Buffer.from(mac)
          .toString('hex')
          .replace(/..(?=.)/g, '$&:');
        expect(parseArpSender(gratuitousArp(mac, address))).toEqual({ mac: text, address });
        expect(parseArpSender(arpProbe(mac, address))).toEqual({ mac: text, address: '0.0.0.0' });
      }),
    );
  });

  it('is read from any bytes without an error', () => {
    const start = hex('ffffffffffff 020000000001 0806 000108000604');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, isArp) => {
        const any = isArp ? Uint8Array.from([...start, ...bytes]) : bytes;
        if (parseArpSender(any) !== undefined) expect(any.length).toBeGreaterThanOrEqual(42);
      }),
    );
  });
});
