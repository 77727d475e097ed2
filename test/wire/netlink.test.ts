import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../src/wire/cursor.ts';
import { decodeFamilyId, decodeGeneric, encodeFamilyRequest } from '../../src/wire/genetlink.ts';
import { decodeAcknowledgement, decodeMessages, encodeMessages, NLMSG_ERROR } from '../../src/wire/netlink.ts';
import { AttributeWriter, decodeAttributes } from '../../src/wire/netlink-attributes.ts';
import { bytesOf, exchange, payloadOf } from './recorded.ts';

/** Linux 6.18's answer to `ip address add 10.1.1.1/32 dev lo`, the address being there: recorded with strace. */
const EEXIST = bytesOf(
  '60000000020000026668016bb7120000efffffff28000000140005066668' +
    '016b00000000022000000100000008000200' +
    '0a010101080001000a010101230001006970763' +
    '43a204164647265737320616c72656164792061737369676e65640000',
);

const FIRST = 'ipvsadm -A -t 10.0.0.1:80 -s wrr';

describe('netlink messages', () => {
  it('are byte for byte those that ipvsadm sends, but for its port', () => {
    const { request } = exchange(FIRST);
    const [message] = decodeMessages(request);
    expect(message).toMatchObject({ flags: 5, payload: payloadOf(request) });
    const theirs = request.slice();
    theirs.fill(0, 12, 16);
    expect(encodeMessages([message!])).toEqual(theirs);
  });

  it('come in one datagram or several, an unpadded last one included', () => {
    const all = exchange('ipvsadm -Sn', -5).answers;
    const apart = all.flatMap(decodeMessages);
    const together = decodeMessages(Uint8Array.from(Buffer.concat(all)));
    expect(together).toEqual(apart);
    expect(apart.length).toBeGreaterThan(4);
    const odd = encodeMessages([{ type: 20, flags: 1, sequence: 7, payload: Uint8Array.of(1, 2, 3) }]);
    expect(odd).toHaveLength(20);
    expect(decodeMessages(odd.subarray(0, 19))).toEqual(decodeMessages(odd));
  });

  it('survive a round trip', () => {
    const message = fc.record({
      type: fc.nat(0xffff),
      flags: fc.nat(0xffff),
      sequence: fc.nat(0xffff_ffff),
      payload: fc.uint8Array(),
    });
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        expect(decodeMessages(encodeMessages(messages))).toEqual(messages);
      }),
    );
  });

  it.each([
    ['a header that is cut', '1000000003'],
    ['a length below the header', '0f000000030000000000000000000000'],
    ['a length beyond the datagram', '11000000030000000000000000000000'],
  ])('are refused whole: %s', (_name, hex) => {
    expect(() => decodeMessages(bytesOf(hex))).toThrow(MalformedError);
  });

  it('never throw anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          for (const one of decodeMessages(bytes)) decodeAcknowledgement(one);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('acknowledgements', () => {
  it("carry the errno and the kernel's words", () => {
    expect(decodeMessages(EEXIST).map(decodeAcknowledgement)).toEqual([
      { errno: 17, text: 'ipv4: Address already assigned' },
    ]);
  });

  it('carry errno 0 for what was done, and an errno without words', () => {
    const done = exchange(FIRST).answers.flatMap(decodeMessages);
    expect(done.map(decodeAcknowledgement)).toEqual([{ errno: 0, text: undefined }]);
    const refused = exchange('ipvsadm -A -t 10.0.0.9:80 -s nonesuch').answers.flatMap(decodeMessages);
    expect(refused.map(({ type }) => type)).toEqual([NLMSG_ERROR]);
    expect(refused.map(decodeAcknowledgement)).toEqual([{ errno: 2, text: undefined }]);
  });

  it('end a dump, also without an errno of their own', () => {
    const end = { type: 3, flags: 2, sequence: 1, payload: new Uint8Array() };
    expect(decodeAcknowledgement(end)).toEqual({ errno: 0, text: undefined });
    expect(decodeAcknowledgement({ ...end, payload: bytesOf('fcffffff') }).errno).toBe(4);
  });
});

describe('attributes', () => {
  it('nest, pad, and are read in any order', () => {
    const bytes = new AttributeWriter()
      .u8(1, 0xab)
      .nested(2, (inner) => inner.u16(1, 0x0102).u16Network(2, 0x0102).text(3, 'wrr'))
      .u32(3, 0x0102_0304)
      .done();
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '05000100ab000000' +
        '1c000280' +
        '0600010002010000' +
        '0600020001020000' +
        '0800030077727200' +
        '0800030004030201',
    );
    const attributes = decodeAttributes(bytes);
    expect([attributes.u32(3), attributes.u8(1), attributes.get(9)]).toEqual([0x0102_0304, 0xab, undefined]);
    const inner = attributes.nested(2);
    expect([inner.u16(1), inner.u16Network(2), inner.text(3)]).toEqual([0x0102, 0x0102, 'wrr']);
  });

  it('outgrow a slab within a nest', () => {
    const out = new AttributeWriter(16);
    const build = (): Uint8Array => out.nested(1, (inner) => inner.raw(1, new Uint8Array(10).fill(7)).u32(2, 5)).done();
    const [first, second] = [build(), build()];
    expect(first).toEqual(second);
    expect(decodeAttributes(first).nested(1).u32(2)).toBe(5);
  });

  it.each([
    ['u8', (out: AttributeWriter) => out.u8(2, 7)],
    ['u16', (out: AttributeWriter) => out.u16(2, 7)],
    ['u16Network', (out: AttributeWriter) => out.u16Network(2, 7)],
    ['u32', (out: AttributeWriter) => out.u32(2, 7)],
    ['text', (out: AttributeWriter) => out.text(2, '7')],
    ['raw', (out: AttributeWriter) => out.raw(2, new Uint8Array([7]))],
  ])('begin another slab with any kind: %s', (_kind, put) => {
    const fresh = put(new AttributeWriter()).done();
    const full = new AttributeWriter(16);
    full.raw(1, new Uint8Array(12)).done();
    expect(put(full).done()).toEqual(fresh);
  });

  it.each([
    ['a header that is cut', '040001'],
    ['a length below the header', '0300010000000000'],
    ['a length beyond the end', '0900010000000000'],
  ])('are refused: %s', (_name, hex) => {
    expect(() => decodeAttributes(bytesOf(hex))).toThrow(MalformedError);
  });

  it('keep any payload', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(0x3fff), { maxLength: 8 }), fc.uint8Array(), (types, payload) => {
        const out = new AttributeWriter();
        for (const type of types) out.raw(type, payload);
        const attributes = decodeAttributes(out.done());
        for (const type of types) expect(attributes.need(type)).toEqual(payload);
      }),
    );
  });
});

describe('generic netlink', () => {
  it("asks for a family's number as ipvsadm does, and reads the kernel's answer", () => {
    const { request, answers } = exchange(FIRST, 0);
    expect(Buffer.from(encodeFamilyRequest('IPVS')).subarray(4)).toEqual(Buffer.from(payloadOf(request)).subarray(4));
    const family = decodeFamilyId(payloadOf(answers[0]!));
    expect(family).toBe(decodeMessages(exchange(FIRST).request)[0]?.type);
  });

  it('refuses a message without a header', () => {
    expect(() => decodeGeneric(Uint8Array.of(1, 1, 0))).toThrow(MalformedError);
    expect(() => decodeFamilyId(Uint8Array.of(1, 1, 0, 0))).toThrow(MalformedError);
  });
});
