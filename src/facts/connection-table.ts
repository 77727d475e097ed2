/** How large IPVS's connection table is, by the module's parameter. Pure: it is read with the other texts. */
import type { Texts } from './texts.ts';

export interface ConnectionTableFacts {
  /** Its buckets, as a power of two; null: ip_vs is not loaded, or does not tell. */
  readonly bits: number | null;
  /** ip_vs is part of the kernel, and modprobe.d(5) says nothing to it. */
  readonly builtIn: boolean;
}

const BITS = '/sys/module/ip_vs/parameters/conn_tab_bits';
/** Of what can be loaded and unloaded only (Documentation/ABI/stable/sysfs-module). */
const LOADED = '/sys/module/ip_vs/initstate';

export const CONNECTION_TABLE_PATHS: readonly string[] = [BITS, LOADED];

export function connectionTableIn(texts: Texts): ConnectionTableFacts {
  const bits = /^(\d{1,2})\s*$/.exec(texts[BITS] ?? '')?.[1];
  return { bits: bits === undefined ? null : Number(bits), builtIn: bits !== undefined && texts[LOADED] === undefined };
}
