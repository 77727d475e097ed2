/** What is held open, and how it is asked whether it still works. */
import type { Cause } from './target.ts';

export interface HeldConnection {
  readonly kind: 'connection' | 'download';
  readonly openedMs: number;
  /** Which realserver serves it, once it has answered. */
  readonly server?: string;
  /** Answers so far, or bytes. */
  readonly received: number;
  readonly cut?: { readonly cause: Cause; readonly atMs: number };
}

export interface Grip {
  now(): HeldConnection;
  /** Asks once more, or waits for the next bytes; the outcome is in `now`. */
  prove(): Promise<void>;
  drop(): void;
}
