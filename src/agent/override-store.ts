/** What operators have said of realservers, kept across restarts of agent and machine. */
import {
  hasExpired,
  isSameSubject,
  type Override,
  type Subject,
  withOverrides,
  withoutOverrides,
} from '../balancer/override.ts';
import { merged, removalsOf, renewed, type Said } from '../balancer/said.ts';
import { canonicalJson } from '../config/canonical.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { overridesShape, removalsShape } from './ownership-shape.ts';
import { accept, type Shape } from './shape.ts';

export interface OverrideStoreOptions {
  /** Of overrides.json, and of removals.json: two files, so that an earlier release still reads the first. */
  readonly folder: string;
  readonly journal: Journal;
  /** Epoch ms. */
  readonly wall: () => number;
}

export interface Learnt {
  readonly added: readonly Override[];
  readonly gone: readonly Override[];
  /** Also when something was only taken back that was not known here. */
  readonly isNews: boolean;
}

export class OverrideStore {
  readonly #options: OverrideStoreOptions;
  #said: Said;

  constructor(options: OverrideStoreOptions) {
    this.#options = options;
    const overrides = read(options, OVERRIDES, overridesShape, 'drains are lost');
    const removals = read(options, REMOVALS, removalsShape, 'what was taken back is forgotten');
    // A crash between the two writes has left both what was said and that it was taken back.
    this.#said = merged({ overrides, removals }, NOTHING, options.wall());
  }

  get all(): readonly Override[] {
    return this.#said.overrides;
  }

  /** Also what was taken back. */
  get said(): Said {
    return this.#said;
  }

  /** @throws when it cannot be written; then nothing has changed */
  add(added: readonly Override[]): void {
    const overrides = withOverrides(this.all, renewed(added, this.#said));
    this.#replace(merged(this.#said, { overrides, removals: [] }, this.#options.wall()));
  }

  /**
   * @param unheard - of whom is taken back, too, what another director may know and this one does not
   * @returns those taken back. @throws when it cannot be written
   */
  remove(
    realservers: readonly string[],
    services: readonly string[] | null,
    unheard: readonly Subject[] = [],
  ): readonly Override[] {
    const kept = withoutOverrides(this.all, realservers, services);
    const gone = this.all.filter((one) => !kept.includes(one));
    const wallMs = this.#options.wall();
    const others = unheard.filter((one) => !gone.some((known) => isSameSubject(known, one)));
    const removals = removalsOf([...gone, ...others.map((one) => ({ ...one, since: 0 }))], wallMs);
    if (removals.length > 0) this.#replace(merged(this.#said, { overrides: [], removals }, wallMs));
    return gone;
  }

  /** @returns those whose time is over, which are forgotten. @throws when it cannot be written */
  expire(wallMs: number): readonly Override[] {
    const gone = this.all.filter((one) => hasExpired(one, wallMs));
    if (gone.length > 0) this.#replace(merged(this.#said, NOTHING, wallMs));
    return gone;
  }

  /** Takes in what another director knows. @throws when it cannot be written */
  learn(heard: Said): Learnt {
    const before = this.all;
    const said = merged(this.#said, heard, this.#options.wall());
    const added = missingIn(before, said.overrides);
    const gone = missingIn(said.overrides, before);
    const isNews = added.length > 0 || gone.length > 0 || missingIn(this.#said.removals, said.removals).length > 0;
    if (isNews) this.#replace(said);
    return { added, gone, isNews };
  }

  #replace(said: Said): void {
    const { folder } = this.#options;
    if (said.removals.length > 0 || this.#said.removals.length > 0) writeJson(`${folder}/${REMOVALS}`, said.removals);
    writeJson(`${folder}/${OVERRIDES}`, said.overrides);
    this.#said = said;
  }
}

const OVERRIDES = 'overrides.json';
const REMOVALS = 'removals.json';
const NOTHING: Said = { overrides: [], removals: [] };

/** Those of `list` that `known` does not have just so. */
function missingIn<T>(known: readonly T[], list: readonly T[]): T[] {
  const texts = new Set(known.map(canonicalJson));
  return list.filter((one) => !texts.has(canonicalJson(one)));
}

function read<T>(
  { folder, journal }: OverrideStoreOptions,
  name: string,
  shape: Shape<readonly T[]>,
  loss: string,
): readonly T[] {
  const path = `${folder}/${name}`;
  try {
    return accept(shape, readJson(path) ?? [], name.replace('.json', ''));
  } catch (error) {
    journal.note('error', 'override', `${path} is not readable, ${loss}: ${(error as Error).message}`);
    return [];
  }
}
