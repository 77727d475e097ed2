/**
 * What the VRRP process knows of the clocks of signed advertisements, kept for the next process of the same boot: that one goes on
 * where this one stopped, and neither is it taken for a repetition, nor does it take a MASTER for one. In /run, where a reboot
 * leaves nothing.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { readJson } from '../json-file.ts';
import { accept, decimal, object, record, type Shape } from '../shape.ts';

export interface Clocks {
  /** CLOCK_MONOTONIC ms. */
  readonly atMs: number;
  /** By instance: our time in its advertisements less the monotonic one, ms. */
  readonly signing: Readonly<Record<string, number>>;
  /** By instance and source: theirs. */
  readonly senders: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface KeptClocks {
  /** undefined: there are none that can be used. */
  read(nowMs: number): Clocks | undefined;
  write(clocks: Clocks): void;
}

/** Moments before 2286, and monotonic ones of a machine that has run for as long. */
const offset = decimal(-1e13, 1e13);
const shape: Shape<Clocks> = object({
  atMs: decimal(0, 1e13),
  signing: record(offset),
  senders: record(record(offset)),
});

export function keptClocks(path: string): KeptClocks {
  return {
    read(nowMs) {
      try {
        const clocks = accept(shape, readJson(path) ?? {}, path);
        return clocks.atMs <= nowMs ? clocks : undefined; // else of another boot
      } catch {
        return undefined;
      }
    },
    /** Every ten seconds and in real time: not synced, and no matter if it fails. */
    write(clocks) {
      try {
        writeFileSync(`${path}.new`, JSON.stringify(clocks), { mode: 0o600 });
        renameSync(`${path}.new`, path);
      } catch {
        // the next process then starts from the wall clock
      }
    },
  };
}
