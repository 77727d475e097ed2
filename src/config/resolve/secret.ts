import type { SecretSource } from '../config.ts';
import { pathFrom } from '../path.ts';

/** A file's path becomes absolute (as far as the base is). */
export function secretOf(raw: SecretSource, base: string): SecretSource {
  return raw.source === 'file' ? { source: 'file', value: pathFrom(base, raw.value) } : raw;
}
