/** An IPVS table in memory that refuses what the kernel refuses. */
import {
  type DestinationEntry,
  destinationKey,
  type IpvsChange,
  type IpvsStats,
  type IpvsTimeouts,
  type ServiceEntry,
  type ServiceId,
  type SyncDaemon,
  serviceKey,
} from '../wire/ipvs.ts';
import type { Ipvs, IpvsInfo } from './ipvs.ts';
import { changeError } from './ipvs-error.ts';
import { IpvsNotLoadedError, KernelError } from './kernel-error.ts';

const ZERO: IpvsStats = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
const [ENOENT, EEXIST, ESRCH] = [2, 17, 3];

interface FakeService {
  entry: ServiceEntry;
  readonly destinations: Map<string, DestinationEntry>;
}

export class FakeIpvs implements Ipvs {
  /** Whether the module is there. */
  loaded = true;
  /** Schedulers whose modules are missing. */
  readonly missingSchedulers = new Set<string>();
  /** Every change asked for, in order. */
  readonly changes: IpvsChange[] = [];
  readonly #services = new Map<string, FakeService>();
  #timeouts: IpvsTimeouts = { tcpMs: 900_000, tcpFinMs: 120_000, udpMs: 300_000 };
  #daemons: SyncDaemon[] = [];

  async info(): Promise<IpvsInfo> {
    this.#mustBeLoaded('read IPVS info');
    return { version: '1.2.1', connectionTableSize: 4096 };
  }

  async read(): Promise<readonly ServiceEntry[]> {
    this.#mustBeLoaded('read IPVS table');
    return [...this.#services.values()].map(({ entry, destinations }) => ({
      ...entry,
      destinations: [...destinations.values()],
    }));
  }

  async destinations(id: ServiceId): Promise<readonly DestinationEntry[]> {
    this.#mustBeLoaded('read IPVS destinations');
    return [...(this.#services.get(serviceKey(id))?.destinations.values() ?? [])];
  }

  async apply(changes: readonly IpvsChange[]): Promise<readonly (KernelError | undefined)[]> {
    this.#mustBeLoaded('change IPVS table');
    this.changes.push(...changes);
    return changes.map((change) => this.#change(change));
  }

  async flush(): Promise<void> {
    this.#mustBeLoaded('flush IPVS table');
    this.#services.clear();
  }

  async timeouts(): Promise<IpvsTimeouts> {
    return this.#timeouts;
  }

  async setTimeouts(timeouts: { readonly [Key in keyof IpvsTimeouts]: number | null }): Promise<void> {
    this.#timeouts = {
      tcpMs: timeouts.tcpMs ?? this.#timeouts.tcpMs,
      tcpFinMs: timeouts.tcpFinMs ?? this.#timeouts.tcpFinMs,
      udpMs: timeouts.udpMs ?? this.#timeouts.udpMs,
    };
  }

  async daemons(): Promise<readonly SyncDaemon[]> {
    return this.#daemons;
  }

  async startDaemon(daemon: SyncDaemon): Promise<void> {
    if (this.#daemons.some(({ role }) => role === daemon.role)) {
      throw new KernelError({ operation: 'start sync daemon', target: daemon.role, errno: EEXIST });
    }
    this.#daemons = [...this.#daemons, daemon];
  }

  async stopDaemon(role: SyncDaemon['role']): Promise<void> {
    this.#daemons = this.#daemons.filter((daemon) => daemon.role !== role);
  }

  close(): void {}

  /** Sets a destination's connection counters, as traffic would. */
  setCounters(service: string, destination: string, counters: Partial<Omit<DestinationEntry, 'destination'>>): void {
    const destinations = this.#services.get(service)?.destinations;
    const entry = destinations?.get(destination);
    if (entry === undefined) throw new RangeError(`no destination ${destination} in ${service}`);
    destinations?.set(destination, { ...entry, ...counters });
  }

  #mustBeLoaded(operation: string): void {
    if (!this.loaded) throw new IpvsNotLoadedError(operation);
  }

  #change(change: IpvsChange): KernelError | undefined {
    const key = serviceKey('service' in change ? change.service.id : change.id);
    const refuse = (errno: number): KernelError | undefined => changeError(change, { errno, text: undefined });
    const found = this.#services.get(key);
    if (change.op === 'new-service') {
      if (found !== undefined) return refuse(EEXIST);
    } else if (found === undefined) return refuse(ESRCH);
    switch (change.op) {
      case 'new-service':
      case 'set-service': {
        if (this.missingSchedulers.has(change.service.scheduler)) return refuse(ENOENT);
        const entry = { service: change.service, stats: found?.entry.stats ?? ZERO, destinations: [] };
        this.#services.set(key, { entry, destinations: found?.destinations ?? new Map() });
        return undefined;
      }
      case 'delete-service':
        this.#services.delete(key);
        return undefined;
      default:
        return found === undefined ? refuse(ESRCH) : changeDestination(found.destinations, change, refuse);
    }
  }
}

function changeDestination(
  destinations: Map<string, DestinationEntry>,
  change: Extract<IpvsChange, { destination: unknown }>,
  refuse: (errno: number) => KernelError | undefined,
): KernelError | undefined {
  const key = destinationKey(change.destination);
  const found = destinations.get(key);
  if (change.op === 'new-destination' ? found !== undefined : found === undefined) {
    return refuse(change.op === 'new-destination' ? EEXIST : ENOENT);
  }
  if (change.op === 'delete-destination') destinations.delete(key);
  else {
    const counters = { active: 0, inactive: 0, persistent: 0, stats: ZERO };
    destinations.set(key, { ...(found ?? counters), destination: change.destination });
  }
  return undefined;
}
