/**
 * What IPVS needs around its table: marking rules for fwmark services, the kernel's timeouts, the two connection sync daemons.
 * Each is read and only changed when it differs: stopping a sync daemon loses what it had not sent yet.
 */
import { type Marking, markings } from '../balancer/marking.ts';
import type { Config } from '../config/config.ts';
import type { Firewall } from '../kernel/firewall.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import type { IpvsTimeouts, SyncDaemon } from '../wire/ipvs.ts';

export class Surroundings {
  readonly #ipvs: Ipvs;
  readonly #firewall: Firewall;
  /** By role, as they were last started: the kernel rounds what it tells, so that is not what is compared. */
  readonly #started = new Map<SyncDaemon['role'], string>();
  #hasNoMarks = false;
  /** What was last made so: what is wanted now and is not the same need not be compared first. */
  #marks = '';

  constructor(ipvs: Ipvs, firewall: Firewall) {
    this.#ipvs = ipvs;
    this.#firewall = firewall;
  }

  /**
   * @param relayed - rules of relays, which go after those of services
   * @returns what could not be done, one sentence each
   */
  async settle(config: Config, self: string, relayed: readonly Marking[] = []): Promise<readonly string[]> {
    const isBalancing = config.services.length > 0;
    const results = await Promise.allSettled([
      this.#settleMarks([...markings(config), ...relayed]),
      isBalancing ? this.#settleTimeouts(config) : undefined,
      isBalancing || this.#started.size > 0 ? this.#settleDaemons(config, self) : undefined,
    ]);
    return results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as Error).message] : []));
  }

  async #settleMarks(wanted: readonly Marking[]): Promise<void> {
    // Where there is nothing to mark the firewall's program is asked once, not again and again: a host may well lack it.
    if (wanted.length === 0 && this.#hasNoMarks) return;
    const text = JSON.stringify(wanted);
    const isKnown = this.#marks === '' || this.#marks === text;
    const holds = isKnown && (await this.#firewall.holds(wanted).catch(() => wanted.length === 0));
    const error = holds ? undefined : await this.#firewall.apply(wanted);
    if (error !== undefined) throw error;
    this.#marks = text;
    this.#hasNoMarks = wanted.length === 0;
  }

  async #settleTimeouts({ ipvs: { timeoutsMs } }: Config): Promise<void> {
    const wanted = { tcpMs: timeoutsMs.tcp, tcpFinMs: timeoutsMs.tcpFin, udpMs: timeoutsMs.udp };
    const keys = ['tcpMs', 'tcpFinMs', 'udpMs'] as const;
    if (keys.every((key) => wanted[key] === null)) return;
    const present: IpvsTimeouts = await this.#ipvs.timeouts();
    if (keys.every((key) => wanted[key] === null || wanted[key] === present[key])) return;
    await this.#ipvs.setTimeouts(wanted);
  }

  async #settleDaemons(config: Config, self: string): Promise<void> {
    const wanted = syncDaemons(config, self);
    const present = await this.#ipvs.daemons();
    for (const role of ['master', 'backup'] as const) {
      const daemon = wanted.find((one) => one.role === role);
      const running = present.find((one) => one.role === role);
      const text = JSON.stringify(daemon);
      if (daemon !== undefined && running !== undefined && this.#isRight(daemon, running, text)) {
        this.#started.set(role, text);
        continue;
      }
      if (running !== undefined) await this.#ipvs.stopDaemon(role, running.id);
      this.#started.delete(role);
      if (daemon === undefined) continue;
      await this.#ipvs.startDaemon(daemon);
      this.#started.set(role, text);
    }
  }

  #isRight(wanted: SyncDaemon, running: SyncDaemon, text: string): boolean {
    const isSame = wanted.interface === running.interface && wanted.id === running.id;
    return isSame && (this.#started.get(wanted.role) ?? text) === text;
  }
}

/** Both, on every director, whatever its VRRP state: a director alone has nobody to tell. */
function syncDaemons({ sync, directors, services }: Config, self: string): SyncDaemon[] {
  const dips = directors.find(({ name }) => name === self)?.dips ?? [];
  const device = sync.interface ?? dips.at(-1)?.interface;
  if (!sync.enabled || directors.length < 2 || services.length === 0 || device === undefined) return [];
  const { id, maxlen, group, port, ttl } = sync;
  return (['master', 'backup'] as const).map((role) => ({ role, interface: device, id, maxlen, group, port, ttl }));
}
