/** The IPVS client against a kernel that is a function from request to replies. */
import { describe, expect, it } from 'vitest';
import { openIpvs } from '../../src/kernel/netlink-ipvs.ts';
import type { Rawio } from '../../src/kernel/rawio.ts';
import type { Address } from '../../src/wire/address.ts';
import { Writer } from '../../src/wire/cursor.ts';
import type { IpvsChange } from '../../src/wire/ipvs.ts';
import { decodeMessages, type NetlinkMessage } from '../../src/wire/netlink.ts';
import { exchange, payloadOf } from '../wire/recorded.ts';

const FAMILY = exchange('ipvsadm -A -t 10.0.0.1:80 -s wrr', 0);
const FAMILY_ID = 28;

/** NLMSG_ERROR with this errno, by hand. */
const verdict = (sequence: number, errno: number): Uint8Array =>
  new Writer(36)
    .u32Host(36)
    .u16Host(2)
    .u16Host(0x100)
    .u32Host(sequence)
    .u32Host(1)
    .u32Host(2 ** 32 - errno)
    .zeros(16)
    .done();

class FakeKernel {
  readonly datagrams: NetlinkMessage[][] = [];
  #queue: Uint8Array[] = [];
  readonly #answer: (message: NetlinkMessage) => Uint8Array[];

  constructor(answer: (message: NetlinkMessage) => Uint8Array[]) {
    this.#answer = answer;
  }

  rawio(): Rawio {
    const calls: Partial<Rawio> = {
      socket: () => 3,
      setsockopt: () => 0,
      close: () => 0,
      sendmsg: (_fd, data) => {
        const messages = decodeMessages(data.slice());
        this.datagrams.push(messages);
        for (const message of messages) this.#queue.push(...this.#answer(message));
        return data.length;
      },
      recvmsg: (_fd, into) => {
        const next = this.#queue.shift();
        if (next === undefined) return -11;
        into.set(next);
        return next.length;
      },
    };
    return calls as Rawio;
  }
}

/** Knows the family; refuses changes with `refuse` by their sequence among the changes, and answers the asked-for ACK. */
const kernel = (refuse: (index: number) => number): FakeKernel => new FakeKernel(answers(refuse));

function answers(refuse: (index: number) => number): (message: NetlinkMessage) => Uint8Array[] {
  let index = 0;
  return (message) => {
    if (message.type === 0x10) {
      const answer = new Writer(400).u32Host(0).u16Host(0x10).u16Host(0).u32Host(message.sequence).u32Host(1);
      const datagram = answer.bytes(payloadOf(FAMILY.answers[0]!)).patchU32Host(0, FAMILY.answers[0]!.length).done();
      return [datagram, verdict(message.sequence, 0)];
    }
    const errno = refuse(index++);
    const wantsAck = (message.flags & 4) !== 0;
    return errno !== 0 || wantsAck ? [verdict(message.sequence, errno)] : [];
  };
}

const change = (index: number): IpvsChange => ({
  op: 'new-destination',
  id: { kind: 'address', protocol: 'tcp', address: '10.0.0.1' as Address, port: 80 },
  destination: {
    address: `10.1.${index >> 8}.${index & 255}` as Address,
    port: 80,
    forward: 'dr',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: null,
  },
});

describe('the IPVS client', () => {
  it('sends changes in datagrams of at most 32 KiB, acknowledged once each, in order', async () => {
    const fake = kernel(() => 0);
    const changes = Array.from({ length: 1000 }, (_, index) => change(index));
    const errors = await openIpvs(fake.rawio()).apply(changes);
    expect(errors).toEqual(changes.map(() => undefined));
    const [, ...batches] = fake.datagrams;
    expect(batches.length).toBeGreaterThan(3);
    for (const batch of batches) {
      expect(batch.reduce((sum, { payload }) => sum + 16 + payload.length, 0)).toBeLessThanOrEqual(32 * 1024);
      expect(batch.map(({ flags }) => flags & 4)).toEqual(
        batch.map((_, index) => (index === batch.length - 1 ? 4 : 0)),
      );
      expect(batch.every(({ type }) => type === FAMILY_ID)).toBe(true);
    }
    const sent = batches.flat();
    expect(sent).toHaveLength(1000);
    expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => sent[0]!.sequence + index));
  });

  it('gives each refusal to its change and goes on', async () => {
    const errnos = new Map([[0, 17], [500, 3], [999, 2]]); // biome-ignore format: three
    const changes = Array.from({ length: 1000 }, (_, index) => change(index));
    const errors = await openIpvs(kernel((index) => errnos.get(index) ?? 0).rawio()).apply(changes);
    expect(errors.flatMap((error, index) => (error === undefined ? [] : [[index, error.code]]))).toEqual([
      [0, 'EEXIST'],
      [500, 'ESRCH'],
      [999, 'ENOENT'],
    ]);
    expect(errors[500]?.message).toBe(
      'cannot add destination tcp 10.0.0.1:80 → 10.1.1.244:80: the service is not there (ESRCH)',
    );
  });

  it('says that ip_vs is not loaded, and finds it once it is', async () => {
    let isLoaded = false;
    const loaded = answers(() => 0);
    const fake = new FakeKernel((message) => (isLoaded ? loaded(message) : [verdict(message.sequence, 2)]));
    const ipvs = openIpvs(fake.rawio());
    await expect(ipvs.read()).rejects.toThrow('cannot read IPVS table: ip_vs is not loaded; load it: modprobe ip_vs');
    isLoaded = true;
    expect(await ipvs.apply([change(1)])).toEqual([undefined]);
  });

  it('names the scheduler that is missing and its module', async () => {
    const [error] = await openIpvs(kernel(() => 2).rawio()).apply([
      {
        op: 'new-service',
        service: {
          id: { kind: 'mark', mark: 5, family: 6 },
          scheduler: 'mh',
          onePacket: false,
          schedulerFallback: false,
          schedulerPort: false,
          persistence: null,
        },
      },
    ]);
    expect(error?.message).toBe(
      'cannot add service fwm6 5: the kernel has no scheduler mh; load it: modprobe ip_vs_mh (ENOENT)',
    );
  });

  it('does not wait for a kernel that says nothing', async () => {
    const ipvs = openIpvs(new FakeKernel(() => []).rawio());
    await expect(ipvs.info()).rejects.toThrow('the kernel did not answer');
  });
});
