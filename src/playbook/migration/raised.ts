/**
 * How an agent takes over from a keepalived that still serves: its priority goes above the other's for as long as it takes, and
 * it may pre-empt. It has the addresses and has announced them before the other hears of it and lets go. Pure.
 */
import type { Config } from '../../config/config.ts';
import type { InstanceConfig } from '../../config/instance.ts';

/** The highest that is not the owner's (RFC 9568 section 5.2.4). */
export const RAISED = 254;

/** All instances of that director, so that what an interrupted run has left is known again by its hash. */
export function raisedFor(config: Config, director: string): Config {
  return { ...config, instances: config.instances.map((instance) => raise(instance, director)) };
}

function raise(instance: InstanceConfig, director: string): InstanceConfig {
  if (!instance.speakers.some((one) => one.director === director)) return instance;
  const speakers = instance.speakers
    .map((one) => (one.director === director ? { ...one, priority: Math.max(one.priority, RAISED) } : one))
    .sort((a, b) => b.priority - a.priority);
  return { ...instance, speakers, preempt: true, preemptDelayMs: 0 };
}

/** Whether a director with this priority gives way to it. */
export function givesWay(instance: InstanceConfig, director: string): boolean {
  return (instance.speakers.find((one) => one.director === director)?.priority ?? 0) < RAISED;
}
