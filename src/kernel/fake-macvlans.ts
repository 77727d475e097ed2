/** Macvlans on the interfaces of a {@link FakeAddresses}, which go when what they lie on goes. */
import type { Link } from './addresses.ts';
import type { FakeAddresses } from './fake-addresses.ts';
import { KernelError } from './kernel-error.ts';
import { EEXIST, ENODEV, EOPNOTSUPP } from './linux-abi.ts';
import type { Macvlan, Macvlans } from './macvlans.ts';

export class FakeMacvlans implements Macvlans {
  /** Whether the kernel knows them at all. */
  isSupported = true;
  readonly #kernel: FakeAddresses;
  #lastIndex = 100;

  constructor(kernel: FakeAddresses) {
    this.#kernel = kernel;
  }

  add({ name, base, mac, alias }: Macvlan): KernelError | undefined {
    const fail = (errno: number, detail?: string): KernelError =>
      new KernelError({ operation: 'make interface', target: `${name} on ${base}`, errno, detail });
    if (!this.isSupported) return fail(EOPNOTSUPP, 'this kernel has no macvlan');
    const on = this.#named(base);
    if (on === undefined) return fail(ENODEV);
    if (this.#named(name) !== undefined) return fail(EEXIST);
    this.#lastIndex += 1;
    const macvlan = { baseIndex: on.index, isVepa: true };
    this.#kernel.setLink({ index: this.#lastIndex, name, mac, alias, macvlan, up: false, running: false });
    return undefined;
  }

  setUp(name: string, up: boolean): KernelError | undefined {
    const link = this.#named(name);
    if (link === undefined) return new KernelError({ operation: 'set up interface', target: name, errno: ENODEV });
    this.#kernel.setLink({ ...link, up, running: up });
    return undefined;
  }

  remove(index: number): KernelError | undefined {
    const link = this.#kernel.links().find((one) => one.index === index);
    if (link !== undefined) this.#kernel.deleteLink(link.name);
    return undefined;
  }

  close(): void {}

  #named(name: string): Link | undefined {
    return this.#kernel.links().find((link) => link.name === name);
  }
}
