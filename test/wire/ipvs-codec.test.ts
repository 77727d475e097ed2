import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/wire/address.ts';
import { MalformedError } from '../../src/wire/cursor.ts';
import type { IpvsChange, IpvsDestination, IpvsService, ServiceId } from '../../src/wire/ipvs.ts';
import { decodeDestination, decodeService, encodeChange, encodeDestinationDump } from '../../src/wire/ipvs-codec.ts';
import { NLMSG_DONE } from '../../src/wire/netlink.ts';
import { AttributeWriter } from '../../src/wire/netlink-attributes.ts';
import { destinationOf, serviceOf } from './ipvs-values.ts';
import { exchange, messagesOf, payloadOf, tree } from './recorded.ts';

const ip = (text: string): Address => text as Address;
const web: ServiceId = { kind: 'address', protocol: 'tcp', address: ip('10.0.0.1'), port: 80 };
const web6: ServiceId = { kind: 'address', protocol: 'tcp', address: ip('2001:db8::1'), port: 443 };
const dns: ServiceId = { kind: 'address', protocol: 'udp', address: ip('10.0.0.1'), port: 53 };
const mark: ServiceId = { kind: 'mark', mark: 5, family: 4 };

const service = (id: ServiceId, scheduler: string, rest: Partial<IpvsService> = {}): IpvsService =>
  serviceOf(id, { scheduler, ...rest });

const hashed = service(web6, 'sh', {
  schedulerFallback: true,
  schedulerPort: true,
  persistence: { timeoutMs: 300_000, prefixLength: 64 },
});
const marked = service(mark, 'wlc', { persistence: { timeoutMs: 60_000, prefixLength: 24 } });
const tunnel = { type: 'gue', port: 6080, checksum: 'full' } as const;

const SERVICES: [string, IpvsChange][] = [
  ['ipvsadm -A -t 10.0.0.1:80 -s wrr', { op: 'new-service', service: service(web, 'wrr') }],
  ['ipvsadm -A -t [2001:db8::1]:443 -s sh -b sh-fallback,sh-port -p 300 -M 64', { op: 'new-service', service: hashed }],
  ['ipvsadm -A -f 5 -s wlc -p 60 -M 255.255.255.0', { op: 'new-service', service: marked }],
  ['ipvsadm -A -u 10.0.0.1:53 -s rr -o', { op: 'new-service', service: service(dns, 'rr', { onePacket: true }) }],
  ['ipvsadm -E -t 10.0.0.1:80 -s wlc', { op: 'set-service', service: service(web, 'wlc') }],
];

const limited = destinationOf('10.0.0.22', 8080, { forward: 'nat', upperThreshold: 100, lowerThreshold: 80 });
const DESTINATIONS: [string, IpvsChange][] = [
  [
    'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.21:80 -g -w 2',
    { op: 'new-destination', id: web, destination: destinationOf('10.0.0.21', 80, { weight: 2 }) },
  ],
  [
    'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.22:8080 -m -x 100 -y 80',
    { op: 'new-destination', id: web, destination: limited },
  ],
  [
    'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.23:80 -i --tun-type gue --tun-port 6080 --tun-csum',
    { op: 'new-destination', id: web, destination: destinationOf('10.0.0.23', 80, { forward: 'tun', tunnel }) },
  ],
  [
    'ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.21:80 -g -w 0',
    { op: 'set-destination', id: web, destination: destinationOf('10.0.0.21', 80, { weight: 0 }) },
  ],
  [
    'ipvsadm -a -t [2001:db8::1]:443 -r [2001:db8::21]:443 -g -w 1',
    { op: 'new-destination', id: web6, destination: destinationOf('2001:db8::21', 443) },
  ],
];

describe('IPVS changes', () => {
  it.each(SERVICES)('are byte for byte what ipvsadm sends: %s', (command, change) => {
    expect(Buffer.from(encodeChange(change)).toString('hex')).toBe(
      Buffer.from(payloadOf(exchange(command).request)).toString('hex'),
    );
  });

  it.each(DESTINATIONS)('name the service and carry the attributes that ipvsadm sends: %s', (command, change) => {
    const theirs = payloadOf(exchange(command).request);
    const ours = encodeChange(change);
    expect([...ours.subarray(0, 4)]).toEqual([...theirs.subarray(0, 4)]);
    const [, [, ourDestination] = []] = tree(ours.slice(4), [1, 2]) as [unknown, [number, [number, string][]]];
    const [[, theirService] = [], [, theirDestination] = []] = tree(theirs.slice(4), [1, 2]) as [
      [number, [number, string][]],
      [number, [number, string][]],
    ];
    // ipvsadm sends the whole service and a tunnel with every destination; the kernel asks for neither.
    expect(theirDestination).toEqual(expect.arrayContaining(ourDestination ?? []));
    const [[, ourService] = []] = tree(ours.slice(4), [1, 2]) as [[number, [number, string][]]];
    expect(theirService).toEqual(expect.arrayContaining(ourService ?? []));
    expect(ourService?.map(([type]) => type)).toEqual([1, 2, 3, 4]);
    expect(ourDestination?.map(([type]) => type)).toEqual(
      'destination' in change && 'tunnel' in change.destination && change.destination.tunnel !== null
        ? [1, 2, 3, 4, 5, 6, 11, 13, 14, 15]
        : [1, 2, 3, 4, 5, 6, 11],
    );
  });

  it('delete by identity alone', () => {
    const ours = encodeChange({ op: 'delete-destination', id: web, destination: limited });
    const theirs = payloadOf(exchange('ipvsadm -d -t 10.0.0.1:80 -r 10.0.0.22:8080').request);
    expect(ours[0]).toBe(theirs[0]);
    expect((tree(ours.slice(4), [1, 2]) as [number, [number, string][]][]).map(([, inner]) => inner.length)).toEqual([
      4, 3,
    ]);
    const deletion = encodeChange({ op: 'delete-service', id: mark });
    expect(deletion[0]).toBe(payloadOf(exchange('ipvsadm -D -f 5').request)[0]);
    expect(tree(deletion.slice(4), [1])).toEqual([
      [
        1,
        [
          [1, '0200'],
          [5, '05000000'],
        ],
      ],
    ]);
  });
});

const data = (command: string, at: number) =>
  messagesOf(exchange(command, at).answers).filter(({ type }) => type !== NLMSG_DONE && type > 0x10);

/** `ipvsadm -Sn` asks for all services and then for the destinations of each: by what its requests say. */
function dumps(): { readonly services: Uint8Array[]; readonly destinations: Map<string, Uint8Array[]> } {
  const destinations = new Map<string, Uint8Array[]>();
  let services: Uint8Array[] = [];
  for (let at = -5; at < 0; at++) {
    const { request } = exchange('ipvsadm -Sn', at);
    const payloads = data('ipvsadm -Sn', at).map(({ payload }) => payload);
    if (request[16] === 4) services = payloads;
    else destinations.set(Buffer.from(payloadOf(request)).toString('hex'), payloads);
  }
  return { services, destinations };
}

describe('the table as a real kernel tells it', () => {
  const { services, destinations } = dumps();

  it('has the services that ipvsadm made', () => {
    const made = services.map((payload) => decodeService(payload).service);
    expect(made).toHaveLength(4);
    expect(made).toEqual(
      expect.arrayContaining([service(web, 'wlc'), hashed, marked, service(dns, 'rr', { onePacket: true })]),
    );
  });

  it('has the destinations that ipvsadm made, asked for as ipvsadm asks', () => {
    const key = [...destinations.keys()].find((hex) => hex.includes('0a000001') && hex.includes('0050'));
    const found = (destinations.get(key ?? '') ?? []).map((payload) => decodeDestination(payload, 4));
    expect(found.map((entry) => entry.destination)).toEqual(
      expect.arrayContaining([
        destinationOf('10.0.0.21', 80, { weight: 0 }),
        limited,
        destinationOf('10.0.0.23', 80, { forward: 'tun', tunnel }),
      ]),
    );
    expect(found[0]?.stats).toEqual({ connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 });
    const ours = tree(encodeDestinationDump(web).slice(4), [1]) as [number, unknown[]][];
    const theirs = tree(Uint8Array.from(Buffer.from(key ?? '', 'hex')).slice(4), [1]) as [number, unknown[]][];
    expect(theirs[0]?.[1]).toEqual(expect.arrayContaining(ours[0]?.[1] ?? []));
  });

  it('is refused when it is cut or lacks what it must have, whatever the place', () => {
    const [payload = new Uint8Array()] = services;
    for (let length = 0; length < payload.length; length++) {
      expect(() => decodeService(payload.subarray(0, length))).toThrow(MalformedError);
    }
  });

  it.each([
    ['a family that is none', new AttributeWriter().nested(1, (inner) => inner.u16(1, 3)).done(), 'family 3'],
    ['no service', new AttributeWriter().u32(4, 1).done(), 'attribute 1 is missing'],
    ['a short family', new AttributeWriter().nested(1, (inner) => inner.u8(1, 2)).done(), 'too short'],
  ])('is refused: %s', (_name, attributes, message) => {
    expect(() => decodeService(Uint8Array.of(1, 1, 0, 0, ...attributes))).toThrow(message);
  });

  it('counts beyond 32 bits', () => {
    const stats = new AttributeWriter();
    for (let type = 1; type <= 5; type++) stats.raw(type, Uint8Array.of(type, 0, 0, 0, 1, 0, 0, 0));
    const bytes = stats.done();
    const whole = new AttributeWriter()
      .nested(2, (inner) => {
        inner
          .raw(1, Uint8Array.of(10, 0, 0, 1), 16)
          .u16Network(2, 80)
          .u32(3, 0)
          .u32(4, 1)
          .u32(5, 0)
          .u32(6, 0);
        inner.u32(7, 1).u32(8, 2).u32(9, 3).raw(12, bytes);
      })
      .done();
    expect(decodeDestination(Uint8Array.of(5, 1, 0, 0, ...whole), 4)).toMatchObject({
      active: 1,
      inactive: 2,
      persistent: 3,
      destination: { address: '10.0.0.1', port: 80, forward: 'nat', tunnel: null },
      stats: { connections: 0x1_0000_0001, outBytes: 0x1_0000_0005 },
    });
  });
});

const port = fc.nat(0xffff);
const addressOf = { 4: fc.ipV4(), 6: fc.constantFrom('2001:db8::1', 'fe80::1', '::1', 'ff02::12') };
const anyService: fc.Arbitrary<IpvsService> = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
  fc.record({
    id: fc.oneof(
      fc.record({
        kind: fc.constant('address' as const),
        protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
        address: addressOf[family].map(ip),
        port,
      }),
      fc.record({
        kind: fc.constant('mark' as const),
        mark: fc.integer({ min: 1, max: 0xffff_ffff }),
        family: fc.constant(family),
      }),
    ),
    scheduler: fc.constantFrom('rr', 'wlc', 'mh'),
    onePacket: fc.boolean(),
    schedulerFallback: fc.boolean(),
    schedulerPort: fc.boolean(),
    persistence: fc.option(
      fc.record({
        timeoutMs: fc.integer({ min: 1, max: 100_000 }).map((seconds) => seconds * 1000),
        prefixLength: fc.integer({ min: 1, max: family === 4 ? 32 : 128 }),
      }),
    ),
  }),
);
const anyDestination: fc.Arbitrary<IpvsDestination> = fc
  .tuple(
    fc.record({
      address: fc.oneof(addressOf[4], addressOf[6]).map(ip),
      port,
      weight: fc.nat(65_535),
      upperThreshold: fc.nat(1_000_000),
      lowerThreshold: fc.nat(1_000_000),
    }),
    fc.oneof(
      fc.record({
        forward: fc.constantFrom('dr' as const, 'nat' as const, 'local' as const),
        tunnel: fc.constant(null),
      }),
      fc.record({
        forward: fc.constant('tun' as const),
        tunnel: fc.record({
          type: fc.constantFrom('ipip' as const, 'gue' as const, 'gre' as const),
          port,
          checksum: fc.constantFrom('none' as const, 'full' as const, 'remote' as const),
        }),
      }),
    ),
  )
  .map(([base, way]) => ({ ...base, ...way }));

/** The kernel's answer has our request's attributes plus the counters; inner attributes are spliced in by hand. */
function withCounters(request: Uint8Array, type: number, counters: (inner: AttributeWriter) => void): Uint8Array {
  const parts = tree(request.slice(4)) as [number, string][];
  const inner = Buffer.from(parts.find(([one]) => one === type)?.[1] ?? '', 'hex');
  const extra = new AttributeWriter();
  counters(extra);
  const out = new AttributeWriter().raw(type, Uint8Array.of(...inner, ...extra.done()));
  return Uint8Array.of(...request.subarray(0, 4), ...out.done());
}

describe('round trips', () => {
  const stats = (type: number) => (inner: AttributeWriter) => {
    inner.nested(type, (counters) => {
      for (let counter = 1; counter <= 5; counter++) counters.raw(counter, new Uint8Array(8));
    });
  };

  it('any service', () => {
    fc.assert(
      fc.property(anyService, (value) => {
        const answer = withCounters(encodeChange({ op: 'new-service', service: value }), 1, stats(12));
        expect(decodeService(answer).service).toEqual(value);
      }),
    );
  });

  it('any destination', () => {
    fc.assert(
      fc.property(anyDestination, (value) => {
        const request = encodeChange({ op: 'new-destination', id: web, destination: value });
        const answer = withCounters(request, 2, (inner) => stats(12)(inner.u32(7, 0).u32(8, 0).u32(9, 0)));
        expect(decodeDestination(answer, 4).destination).toEqual(value);
      }),
    );
  });

  it('thousands of changes in slabs do not disturb each other', () => {
    const change = (index: number): IpvsChange => ({
      op: 'new-destination',
      id: web,
      destination: destinationOf(`10.1.${index >> 8}.${index & 255}`, index),
    });
    const all = Array.from({ length: 2000 }, (_, index) => encodeChange(change(index)));
    const again = all.map((_, index) => encodeChange(change(index)));
    expect(all).toEqual(again);
  });
});
