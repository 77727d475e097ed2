/** A clock that a test moves. */
import type { Clock } from './clock.ts';

interface Timer {
  readonly atMs: number;
  readonly fn: () => void;
}

export class FakeClock implements Clock {
  #nowMs: number;
  readonly #wallOffsetMs: number;
  #timers: Timer[] = [];

  constructor(nowMs = 0, wallMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
    this.#wallOffsetMs = wallMs - nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wall(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  setTimer(atMs: number, fn: () => void): () => void {
    const timer = { atMs, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** When the next timer is due, or undefined when none is set. */
  nextAtMs(): number | undefined {
    return this.#earliest()?.atMs;
  }

  /** Moves to `atMs`, firing what falls due on the way, in order of time and then of setting. */
  advanceTo(atMs: number): void {
    for (let due = this.#earliest(); due !== undefined && due.atMs <= atMs; due = this.#earliest()) {
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fn();
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  advance(byMs: number): void {
    this.advanceTo(this.#nowMs + byMs);
  }

  /** As a process sees it that was stopped: time has passed, and nothing has fired yet. What fell due does at the next advance. */
  stall(byMs: number): void {
    this.#nowMs += byMs;
  }

  #earliest(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
      undefined,
    );
  }
}
