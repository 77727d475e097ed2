/** Keeps the kernel's IPVS table as it shall be: read, compared, only the difference sent. */
import type { DesiredService } from '../balancer/desired.ts';
import { plan } from '../balancer/diff.ts';
import type { Ownership } from '../balancer/ownership.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import { IpvsNotLoadedError } from '../kernel/kernel-error.ts';
import { destinationKey, type IpvsChange, type ServiceEntry, type ServiceId, serviceKey } from '../wire/ipvs.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { ownershipShape } from './ownership-shape.ts';
import { accept } from './shape.ts';

export interface TableView {
  /** As last read. */
  readonly entries: readonly ServiceEntry[];
  readonly leaving: readonly string[];
  /** What the kernel refused, one sentence each; empty: it has what is desired. */
  readonly errors: readonly string[];
}

export interface TableKeeperOptions {
  readonly ipvs: Ipvs;
  readonly journal: Journal;
  readonly wall: () => number;
  /** Where it is remembered what is ours. */
  readonly ownershipPath: string;
  /** Keys of services that this director stands by for. */
  readonly withdrawn: () => ReadonlySet<string>;
  /** Ours by what it is: of these nothing is remembered, so that nothing has to wait for the disk. */
  readonly isOurs: (id: ServiceId) => boolean;
}

/** How one that is ours by what it is, and no longer wanted, is let go. */
const LETTING_GO = { timeoutMs: 600_000, waitForPersistent: false } as const;

/** Changes named one by one in the journal; of more only the number. */
const NAMED_CHANGES = 5;

export class TableKeeper {
  readonly #options: TableKeeperOptions;
  /** Keys of those that are ours by what they are. */
  readonly #unremembered = new Set<string>();
  #owned: Ownership;
  #view: TableView = { entries: [], leaving: [], errors: [] };
  #ownChanges = 0;

  constructor(options: TableKeeperOptions) {
    this.#options = options;
    this.#owned = readOwnership(options);
  }

  get view(): TableView {
    return this.#view;
  }

  /** Grows whenever something that is ours by what it is had to be changed. */
  get ownChanges(): number {
    return this.#ownChanges;
  }

  /**
   * Looks at what the kernel has before anything is done to it: nothing when IPVS is not there (yet).
   * @param isNeeded - there are services to be kept there
   * @returns whether it is known; what cannot be read is not empty
   */
  async adopt(isNeeded: boolean): Promise<boolean> {
    try {
      this.#view = { ...this.#view, entries: await this.#options.ipvs.read(), errors: [] };
      return true;
    } catch (error) {
      if (!isNeeded || error instanceof IpvsNotLoadedError) return true;
      const errors = [(error as Error).message];
      this.#tellErrors(errors);
      this.#view = { ...this.#view, errors };
      return false;
    }
  }

  /** Empties the whole table, which is what `on_start: flush` asks for; without IPVS there is nothing to empty. */
  async flush(): Promise<void> {
    try {
      await this.#options.ipvs.flush();
      this.#options.journal.note('notice', 'ipvs', 'the IPVS table was emptied, as on_start: flush asks for');
    } catch (error) {
      this.#options.journal.note('error', 'ipvs', (error as Error).message);
    }
  }

  /** @param why - what made this necessary, for the journal; null when nothing is known to have changed */
  async reconcile(desired: readonly DesiredService[], why: string | null): Promise<TableView> {
    // A director without services may well have no ip_vs.
    const { isOurs } = this.#options;
    const isLeft = this.#view.entries.some(({ service }) => isOurs(service.id));
    if (desired.length === 0 && Object.keys(this.#owned).length === 0 && !isLeft) {
      this.#view = { entries: [], leaving: [], errors: [] };
      return this.#view;
    }
    let errors: readonly string[];
    try {
      errors = await this.#pass(desired, why);
    } catch (error) {
      errors = [(error as Error).message];
    }
    this.#tellErrors(errors);
    this.#view = { ...this.#view, errors };
    return this.#view;
  }

  /** Takes away all that is ours, connections or not (`on_stop: flush`). */
  async clear(): Promise<void> {
    const entries = await this.#options.ipvs.read();
    const ours = entries.filter(({ service }) => serviceKey(service.id) in this.#owned);
    await this.#options.ipvs.apply(ours.map(({ service }) => ({ op: 'delete-service', id: service.id })));
  }

  async #pass(desired: readonly DesiredService[], why: string | null): Promise<readonly string[]> {
    const { ipvs, wall, isOurs, withdrawn } = this.#options;
    const entries = await ipvs.read();
    const ids = entries.map(({ service }) => service.id).filter(isOurs);
    const found = Object.fromEntries(ids.map((id) => [serviceKey(id), { drain: LETTING_GO, leaving: {} }]));
    const { changes, owned, leaving } = plan(desired, entries, { ...found, ...this.#owned }, wall(), withdrawn());
    for (const id of [...ids, ...desired.map(({ service }) => service.id).filter(isOurs)])
      this.#unremembered.add(serviceKey(id));
    if (changes.length === 0) {
      this.#own(owned);
      this.#view = { ...this.#view, entries, leaving };
      return [];
    }
    // Ours from before it is made: a crash in between must not leave an entry that nobody owns.
    this.#own({ ...this.#owned, ...owned });
    if (changes.map(idOf).some(isOurs)) this.#ownChanges += 1;
    const results = await ipvs.apply(changes);
    const errors = results.flatMap((error) => (error === undefined ? [] : [error.message]));
    if (errors.length === 0) this.#own(owned);
    this.#tellChanges(changes, why);
    this.#view = { ...this.#view, entries: await ipvs.read(), leaving };
    return errors;
  }

  #own(owned: Ownership): void {
    const before = this.#remembered();
    this.#owned = owned;
    const after = this.#remembered();
    if (JSON.stringify(after) !== JSON.stringify(before)) writeJson(this.#options.ownershipPath, after);
  }

  #remembered(): Ownership {
    return Object.fromEntries(Object.entries(this.#owned).filter(([key]) => !this.#unremembered.has(key)));
  }

  #tellChanges(changes: readonly IpvsChange[], why: string | null): void {
    const { journal } = this.#options;
    const isOnlyLess = changes.every(({ op }) => op === 'delete-service' || op === 'delete-destination');
    const cause = why ?? (isOnlyLess ? 'drained, or out of time' : 'something else has changed the table');
    const named = changes.slice(0, NAMED_CHANGES).map(describeChange).join('; ');
    const more = changes.length > NAMED_CHANGES ? `; and ${changes.length - NAMED_CHANGES} more` : '';
    journal.note('info', 'ipvs', `IPVS: ${named}${more} (${cause})`, { changes: changes.length });
  }

  #tellErrors(errors: readonly string[]): void {
    const { journal } = this.#options;
    const known = new Set(this.#view.errors);
    for (const error of errors.slice(0, NAMED_CHANGES)) if (!known.has(error)) journal.note('error', 'ipvs', error);
    if (errors.length === 0 && known.size > 0) journal.note('notice', 'ipvs', 'IPVS is as it should be again');
  }
}

function idOf(change: IpvsChange): ServiceId {
  return 'service' in change ? change.service.id : change.id;
}

function describeChange(change: IpvsChange): string {
  switch (change.op) {
    case 'new-service':
    case 'set-service':
      return `${change.op} ${serviceKey(change.service.id)} ${change.service.scheduler}`;
    case 'delete-service':
      return `${change.op} ${serviceKey(change.id)}`;
    case 'new-destination':
    case 'set-destination':
      return `${change.op} ${destinationKey(change.destination)} weight ${change.destination.weight} of ${serviceKey(change.id)}`;
    case 'delete-destination':
      return `${change.op} ${destinationKey(change.destination)} of ${serviceKey(change.id)}`;
  }
}

/** A file that cannot be read owns nothing: what the configuration names is ours all the same. */
function readOwnership({ ownershipPath, journal }: TableKeeperOptions): Ownership {
  try {
    return accept(ownershipShape, readJson(ownershipPath) ?? {}, 'ownership');
  } catch (error) {
    journal.note('error', 'agent', `${ownershipPath} is not readable and was passed over: ${(error as Error).message}`);
    return {};
  }
}
