/** Hosts on one imagined segment, each with the real loop on fake kernel parts and one clock: hours pass in milliseconds. */
import { type Machinery, VrrpLoop } from '../../../src/agent/vrrp/loop.ts';
import type { News } from '../../../src/agent/vrrp/performer.ts';
import type { Config } from '../../../src/config/config.ts';
import { FakeAddresses } from '../../../src/kernel/fake-addresses.ts';
import { FakeFrameSender } from '../../../src/kernel/fake-arp.ts';
import { FakeClock } from '../../../src/kernel/fake-clock.ts';
import { FakeLan } from '../../../src/kernel/fake-vrrp-socket.ts';
import type { FromVrrp, InstanceReport } from '../../../src/vrrp/link.ts';
import type { Address } from '../../../src/wire/address.ts';

export interface Host {
  readonly loop: VrrpLoop;
  readonly kernel: FakeAddresses;
  readonly frames: FakeFrameSender;
  readonly lines: string[];
  readonly transitions: Extract<FromVrrp, { type: 'transition' }>[];
  /** All that its supervisor would hear, if it has one. */
  readonly news: News[];
  isSupervised: boolean;
  /** On an interface where others see it. */
  has(address: string): boolean;
  /** Seconds that it stays on the loopback. */
  silent(address: string): number | undefined;
  says(instance?: string): InstanceReport;
}

export class Segment {
  readonly clock = new FakeClock(1_000_000);
  readonly lan = new FakeLan(this.clock);

  /**
   * @param own of eth1, with prefix length 24; its last number is that of the IPv6 addresses too: fd09::1 and fe80::1
   * @param around puts something between the loop and its kernel
   */
  host(
    name: string,
    own: string,
    config: Config,
    kernel = this.kernel(own),
    around = (machinery: Machinery): Machinery => machinery,
  ): Host {
    const frames = new FakeFrameSender();
    for (const link of ['eth1', 'eth2']) frames.macs.set(link, Uint8Array.from([2, 0, 0, 0, 0, 1]));
    const lines: string[] = [];
    const transitions: Host['transitions'] = [];
    const machinery = {
      clock: this.clock,
      addresses: kernel,
      network: this.lan.host(name),
      frames,
      log: (level: string, message: string, fields?: object) =>
        lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
      afterInput: (fn: () => void) => fn(),
      release: 'aa',
    };
    const news: News[] = [];
    const loop = new VrrpLoop(around(machinery), (one) => {
      news.push(one);
      if (one.type === 'transition') transitions.push(one);
      return host.isSupervised;
    });
    const host: Host = {
      loop,
      news,
      isSupervised: false,
      kernel,
      frames,
      lines,
      transitions,
      has: (address) => kernel.addresses().some((one) => one.address === address && one.ifindex !== 1),
      silent: (address) =>
        kernel.addresses().find((one) => one.address === address && one.ifindex === 1)?.validSeconds ?? undefined,
      says: (instance = 'public') => {
        const report = loop.report().instances.find((one) => one.name === instance);
        if (report === undefined) throw new Error(`${name} has no instance ${instance}`);
        return report;
      },
    };
    loop.configure(config, name);
    return host;
  }

  kernel(own: string): FakeAddresses {
    const kernel = new FakeAddresses(this.clock);
    kernel.setLink({ index: 1, name: 'lo' });
    kernel.setLink({ index: 2, name: 'eth1' });
    kernel.setLink({ index: 3, name: 'eth2' });
    const number = own.split('.').at(-1);
    for (const [on, address, prefixLength] of [
      ['eth1', own, 24],
      ['eth2', own.replace('10.9.0.', '10.9.1.'), 24],
      ['eth1', `fd09::${number}`, 64],
      ['eth1', `fe80::${number}`, 64],
      ['eth2', `fd19::${number}`, 64],
    ] as const)
      this.give(kernel, on, address, prefixLength);
    return kernel;
  }

  give(kernel: FakeAddresses, on: string, address: string, prefixLength: number): void {
    kernel.add({ interface: on, address: address as Address, prefixLength, scope: 'global', label: null, broadcast: null, validSeconds: null }); // biome-ignore format: short
  }
}
