import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../src/wire/cursor.ts';
import { decodeAnswer, encodeQuery, RECORD_TYPES, type RecordType } from '../../src/wire/dns.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const EXAMPLE = '07 6578616d706c65 03 636f6d 00';

describe('a question', () => {
  it.each<[string, RecordType, string]>([
    ['example.com', 'A', `${EXAMPLE} 0001 0001`],
    ['example.com.', 'AAAA', `${EXAMPLE} 001c 0001`],
    ['.', 'SOA', '00 0006 0001'],
  ])('for %s %s is these bytes, with recursion desired', (name, type, bytes) => {
    expect(encodeQuery(0xabcd, { name, type })).toEqual(hex(`abcd 0100 0001 0000 0000 0000 ${bytes}`));
  });

  it.each([
    ['an empty label', 'a..b'],
    ['no label', ''],
    ['a label of 64 bytes', `${'a'.repeat(64)}.de`],
    ['a name of 256 bytes', Array.from({ length: 4 }, () => 'a'.repeat(63)).join('.')],
  ])('cannot be asked for %s', (_what, name) => {
    expect(() => encodeQuery(1, { name, type: 'A' })).toThrow(RangeError);
  });
});

/** An answer to example.com with these records, each of which begins behind its name. */
const answer = (type: string, ...records: string[]): Uint8Array =>
  hex(
    `0001 8180 0001 ${records.length.toString(16).padStart(4, '0')} 0000 0000 ${EXAMPLE} ${type} 0001` +
      records.map((record) => `c00c ${record}`).join(''),
  );

describe('an answer', () => {
  it.each<[RecordType, string, string[]]>([
    ['A', '0001 0001 00000e10 0004 c0000201', ['192.0.2.1']],
    ['AAAA', '001c 0001 00000e10 0010 20010db8000000000000000000000001', ['2001:db8::1']],
    ['NS', '0002 0001 00000e10 0006 03 4e5331 c00c', ['ns1.example.com']],
    ['CNAME', '0005 0001 00000e10 0002 c00c', ['example.com']],
    ['PTR', '000c 0001 00000e10 0001 00', ['.']],
    ['MX', '000f 0001 00000e10 0009 000a 04 6d61696c c00c', ['10', 'mail.example.com']],
    ['TXT', '0010 0001 00000e10 0008 03 613b62 03 c3bc20', ['a;b', 'ü ']],
    ['SRV', '0021 0001 00000e10 0008 0001 0002 01bb c00c', ['1', '2', '443', 'example.com']],
    [
      'SOA',
      '0006 0001 00000e10 0018 c00c c00c 78a4b1c0 00000001 00000002 00000003 00000004',
      ['example.com', 'example.com', '2024059328', '1', '2', '3', '4'],
    ],
  ])('of type %s is told field by field', (type, record, fields) => {
    const number = RECORD_TYPES[type];
    expect(decodeAnswer(answer(number.toString(16).padStart(4, '0'), record))).toEqual({
      id: 1,
      isResponse: true,
      isTruncated: false,
      rcode: 0,
      question: { name: 'example.com', type: number },
      records: [{ type: number, fields }],
    });
  });

  it('shows what is no plain character of a name as zone files do', () => {
    const record = '0002 0001 00000000 0006 04 2e5c2041 00';
    expect(decodeAnswer(answer('0002', record)).records[0]?.fields).toEqual(['\\.\\\\\\032a']);
  });

  it('tells what its header says, and no records of another class or a type that is not known', () => {
    expect(decodeAnswer(hex('0001 8183 0000 0000 0000 0000'))).toMatchObject({ rcode: 3, question: null, records: [] });
    expect(decodeAnswer(hex('0001 0100 0000 0000 0000 0000'))).toMatchObject({ isResponse: false });
    const chaos = '0010 0003 00000000 0002 01 61';
    expect(decodeAnswer(answer('0010', chaos, 'ff00 0001 00000000 0003 616263')).records).toEqual([
      { type: 0xff00, fields: [] },
    ]);
  });

  it('that was cut off has the records that stand in it', () => {
    const whole = answer('0001', '0001 0001 00000e10 0004 c0000201');
    const cut = Uint8Array.from(whole).fill(0x83, 2, 3).fill(5, 7, 8);
    expect(decodeAnswer(cut)).toMatchObject({ isTruncated: true, records: [{ fields: ['192.0.2.1'] }] });
  });

  it.each<[string, Uint8Array]>([
    ['nothing', hex('')],
    ['half a header', hex('0001 8180 0001')],
    ['two questions', hex('0001 8180 0002 0000 0000 0000')],
    ['no record where one is announced', hex('0001 8180 0000 0001 0000 0000')],
    ['an address of five bytes', answer('0001', '0001 0001 00000e10 0005 c000020100')],
    ['an address of three bytes', answer('0001', '0001 0001 00000e10 0003 c00002')],
    ['a record that is longer than the message', answer('0001', '0001 0001 00000e10 0004 c00002')],
    ['a text beyond its record', answer('0010', '0010 0001 00000e10 0002 05 61', '0001 0001 00000e10 0004 c0000201')],
    ['a name that goes on at itself', answer('0005', '0005 0001 00000e10 0002 c029')],
    ['a name that goes on behind itself', answer('0005', '0005 0001 00000e10 0002 c0ff')],
    ['a label of a kind that does not exist', answer('0005', '0005 0001 00000e10 0002 8061')],
    [
      'a name longer than names are',
      hex(`0001 8180 0001 0000 0000 0000 ${`3f${'61'.repeat(63)}`.repeat(4)} 00 0001 0001`),
    ],
  ])('is malformed: %s', (_what, bytes) => {
    expect(() => decodeAnswer(bytes)).toThrow(MalformedError);
  });

  it('is read from any bytes, damaged ones too, with no other error and in no time', () => {
    const valid = answer('000f', '000f 0001 00000e10 0009 000a 04 6d61696c c00c');
    const damaged = fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
      const bytes = Uint8Array.from(valid);
      bytes[at] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        try {
          decodeAnswer(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });

  it('repeats the question that it answers', () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
    const type = fc.constantFrom(...(Object.keys(RECORD_TYPES) as RecordType[]));
    fc.assert(
      fc.property(fc.nat(0xffff), name, type, (id, asked, kind) => {
        const { question, ...header } = decodeAnswer(encodeQuery(id, { name: asked, type: kind }));
        expect(question).toEqual({ name: asked, type: RECORD_TYPES[kind] });
        expect(header).toMatchObject({ id, isResponse: false, records: [] });
      }),
    );
  });
});
