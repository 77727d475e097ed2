/**
 * Alerts that are not delivered yet: a file each below the state folder, so that neither a network that is cut nor a restart
 * loses one. Bounded in number and age. Files are written aside, for a burst of alerts must not hold up anything else.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Alert } from '../../status/alert.ts';
import type { Journal } from '../journal.ts';
import { readJson, writeJsonAside } from '../json-file.ts';
import { accept, decimal, flag, list, nullable, object, oneOf, text } from '../shape.ts';
import { Turns } from '../turns.ts';

export type ChannelName = 'mail' | 'webhook';

/** Half a megabyte. */
const MOST_ALERTS = 1_000;
/** A weekend, on which nobody mends the mail server. */
const LONGEST_MS = 3 * 24 * 3_600_000;

interface Spooled {
  readonly file: string;
  readonly alert: Alert;
  readonly pending: readonly ChannelName[];
  /** Since when it waits, epoch ms: what it tells of may be older. */
  readonly since: number;
}

const spooledShape = object({
  alert: object({
    schema: oneOf(1),
    id: text,
    at: decimal(0, Number.MAX_SAFE_INTEGER),
    cluster: text,
    director: text,
    kind: oneOf('instance', 'group', 'realserver', 'service'),
    name: text,
    service: nullable(text),
    from: nullable(text),
    to: text,
    cause: text,
    late: flag,
    message: text,
  }),
  pending: list(oneOf('mail', 'webhook')),
  since: decimal(0, Number.MAX_SAFE_INTEGER),
});

export interface SpoolOptions {
  readonly folder: string;
  readonly journal: Journal;
  /** Epoch ms. */
  readonly wall: () => number;
}

export class Spool {
  readonly #options: SpoolOptions;
  readonly #turns = new Turns();
  #spooled: readonly Spooled[];
  #number: number;
  #problem: string | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#spooled = this.#load();
    this.#number = Math.max(0, ...this.#spooled.map(({ file }) => Number.parseInt(file, 10)));
  }

  /** For one channel, the oldest first. */
  pending(channel: ChannelName): readonly Alert[] {
    return this.#spooled.filter(({ pending }) => pending.includes(channel)).map(({ alert }) => alert);
  }

  /** The newest that speaks of the same. */
  newest({ kind, name, service }: Pick<Alert, 'kind' | 'name' | 'service'>): Alert | undefined {
    const isSame = ({ alert }: Spooled): boolean =>
      alert.kind === kind && alert.name === name && alert.service === service;
    return this.#spooled.findLast(isSame)?.alert;
  }

  /** @returns once it is on the disk, or cannot be */
  add(alert: Alert, pending: readonly ChannelName[]): Promise<void> {
    this.#number++;
    const file = `${String(this.#number).padStart(12, '0')}-${alert.id}.json`;
    const spooled = { file, alert, pending, since: this.#options.wall() };
    this.#spooled = [...this.#spooled, spooled];
    const surplus = this.#spooled.slice(0, Math.max(0, this.#spooled.length - MOST_ALERTS));
    if (surplus.length > 0) this.#drop(surplus, `more than ${MOST_ALERTS} alerts wait`);
    return this.#write(spooled);
  }

  /** They have been delivered by this channel. */
  delivered(ids: ReadonlySet<string>, channel: ChannelName): void {
    this.#forget(channel, ({ alert }) => ids.has(alert.id));
  }

  /** What waits for a channel that is no longer configured. */
  abandon(channel: ChannelName): void {
    const waiting = this.pending(channel).length;
    if (waiting === 0) return;
    this.#forget(channel, () => true);
    this.#options.journal.note('warning', 'alert', `${waiting} alerts by ${channel} are dropped: it is not configured`);
  }

  expire(): void {
    const oldest = this.#options.wall() - LONGEST_MS;
    const old = this.#spooled.filter(({ since }) => since < oldest);
    if (old.length > 0) this.#drop(old, 'they have waited for three days');
  }

  /** Waits for what is being written. */
  settled(): Promise<void> {
    return this.#turns.take(async () => {});
  }

  #forget(channel: ChannelName, isMeant: (one: Spooled) => boolean): void {
    const after = this.#spooled.map((one) =>
      one.pending.includes(channel) && isMeant(one)
        ? { ...one, pending: one.pending.filter((other) => other !== channel) }
        : one,
    );
    const changed = after.filter((one, index) => one !== this.#spooled[index]);
    this.#spooled = after.filter(({ pending }) => pending.length > 0);
    for (const one of changed) void (one.pending.length > 0 ? this.#write(one) : this.#remove(one));
  }

  #drop(gone: readonly Spooled[], why: string): void {
    this.#spooled = this.#spooled.filter((one) => !gone.includes(one));
    for (const one of gone) void this.#remove(one);
    this.#options.journal.note('error', 'alert', `${gone.length} alerts are lost: ${why}`, { alerts: gone.length });
  }

  #write({ file, ...kept }: Spooled): Promise<void> {
    return this.#perform(() => writeJsonAside(join(this.#options.folder, file), kept));
  }

  #remove({ file }: Spooled): Promise<void> {
    return this.#perform(() => rm(join(this.#options.folder, file), { force: true }));
  }

  /** What cannot be written is sent all the same while this process lives. */
  #perform(work: () => Promise<void>): Promise<void> {
    return this.#turns.take(async () => {
      const problem = await work().then(
        () => undefined,
        (error: Error) => `alerts cannot be kept: ${error.message}`,
      );
      if (problem !== undefined && problem !== this.#problem) this.#options.journal.note('error', 'alert', problem);
      this.#problem = problem;
    });
  }

  #load(): Spooled[] {
    const { folder, journal } = this.#options;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return readdirSync(folder)
        .sort()
        .flatMap((file) => this.#read(file));
    } catch (error) {
      journal.note('error', 'alert', `${folder} is not readable: ${(error as Error).message}`);
      return [];
    }
  }

  /** A file that is none of ours, or half of one, is taken away. */
  #read(file: string): Spooled[] {
    const path = join(this.#options.folder, file);
    try {
      if (!/^\d+-[\w-]+\.json$/.test(file)) throw new Error('not the name of an alert');
      return [{ file, ...accept(spooledShape, readJson(path), 'alert') }];
    } catch (error) {
      const why = (error as Error).message;
      this.#options.journal.note('error', 'alert', `${path} is no alert and was passed over: ${why}`);
      rmSync(path, { force: true, recursive: true });
      return [];
    }
  }
}
