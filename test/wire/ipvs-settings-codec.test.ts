import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/wire/address.ts';
import { MalformedError } from '../../src/wire/cursor.ts';
import type { SyncDaemon } from '../../src/wire/ipvs.ts';
import {
  decodeDaemon,
  decodeInfo,
  decodeTimeouts,
  encodeStartDaemon,
  encodeStopDaemon,
  encodeTimeouts,
} from '../../src/wire/ipvs-settings-codec.ts';
import { bytesOf, exchange, payloadOf, tree } from './recorded.ts';

const START =
  'ipvsadm --start-daemon master --mcast-interface dummy0 --syncid 7 --sync-maxlen 64 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1';
const daemon: SyncDaemon = {
  role: 'master',
  interface: 'dummy0',
  id: 7,
  maxlen: 64,
  group: '224.0.0.81' as Address,
  port: 8848,
  ttl: 1,
};

describe('IPVS settings', () => {
  it('set timeouts as ipvsadm does, and leave out what is to stay', () => {
    const ours = encodeTimeouts({ tcpMs: 900_000, tcpFinMs: 120_000, udpMs: 300_000 });
    expect(ours).toEqual(payloadOf(exchange('ipvsadm --set 900 120 300').request));
    expect(tree(encodeTimeouts({ tcpMs: null, tcpFinMs: 1500, udpMs: null }).slice(4))).toEqual([[5, '02000000']]);
  });

  it("read the kernel's timeouts", () => {
    const [answer] = exchange('ipvsadm -L --timeout').answers;
    expect(decodeTimeouts(payloadOf(answer!))).toEqual({ tcpMs: 900_000, tcpFinMs: 120_000, udpMs: 300_000 });
  });

  it('read the version', () => {
    expect(decodeInfo(bytesOf('0f01000008000100010201000800020000100000'))).toEqual({
      version: '1.2.1',
      connectionTableSize: 4096,
    });
  });

  it('start a daemon with the attributes that ipvsadm sends', () => {
    const theirs = payloadOf(exchange(START).request);
    const ours = encodeStartDaemon(daemon);
    expect([...ours.subarray(0, 4)]).toEqual([...theirs.subarray(0, 4)]);
    expect(tree(ours.slice(4), [3])).toEqual(tree(theirs.slice(4), [3]));
  });

  it('stop a daemon by role and id', () => {
    expect(Buffer.from(encodeStopDaemon('backup', 7)).toString('hex')).toBe(
      '0a010000' + '14000380' + '0800010002000000' + '0800030007000000',
    );
  });

  it('read the daemon that the kernel runs', () => {
    const [answer] = exchange('ipvsadm -L --daemon').answers;
    expect(decodeDaemon(payloadOf(answer!))).toEqual(daemon);
  });

  it('read back any daemon that they started', () => {
    const any = fc.record({
      role: fc.constantFrom('master' as const, 'backup' as const),
      interface: fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/),
      id: fc.nat(255),
      maxlen: fc.integer({ min: 1, max: 65_535 }),
      group: fc.constantFrom('224.0.0.81', 'ff05::51').map((text) => text as Address),
      port: fc.nat(65_535),
      ttl: fc.nat(255),
    });
    fc.assert(
      fc.property(any, (value) => {
        expect(decodeDaemon(encodeStartDaemon(value))).toEqual(value);
      }),
    );
  });

  it('refuse a daemon that is cut, or in no state', () => {
    const whole = encodeStartDaemon(daemon);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeDaemon(whole.subarray(0, length))).toThrow(MalformedError);
    }
    const stopped = Uint8Array.from(encodeStopDaemon('backup', 7));
    stopped[12] = 0;
    expect(() => decodeDaemon(stopped)).toThrow('state 0');
  });
});
