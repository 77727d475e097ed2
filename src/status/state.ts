/**
 * What one agent tells of itself: `GET /v1/state`. The schema is the contract between agent and lvsctl, and between lvsctl
 * and whatever reads `status --json`; what an agent sends is parsed with it before it is believed. Times are epoch
 * milliseconds, durations milliseconds. A field may be added; none changes its meaning without a new `schema` number.
 */
import { z } from 'zod';

export const VRRP_STATES = ['INIT', 'BACKUP', 'MASTER', 'FAULT'] as const;

const instanceState = z.object({
  name: z.string(),
  vrid: z.number().int(),
  version: z.literal([2, 3]),
  interface: z.string(),
  state: z.enum(VRRP_STATES),
  /** When it came into this state. */
  since: z.number(),
  /** The cause of the last transition, one sentence. */
  cause: z.string(),
  /** Priority as sent now, and as configured. */
  priority: z.number().int(),
  basePriority: z.number().int(),
  /** Addresses that this instance moves. */
  vips: z.array(z.string()),
  /** Source of the last accepted advertisement of another MASTER, or null. */
  master: z.string().nullable(),
  advertIntervalMs: z.number(),
  advertsSent: z.number().int(),
  advertsReceived: z.number().int(),
  /** Packets that were not believed, by reason. */
  dropped: z.record(z.string(), z.number().int()),
  /** Why it is not eligible for MASTER yet (start gate), or null. */
  waitingFor: z.string().nullable(),
  /** A MASTER that serves on until another has taken the role, or until the deadline. */
  handingOver: z.object({ since: z.number(), deadline: z.number(), cause: z.string() }).optional(),
  /** It has given the role away, and still serves connections that its successor relays to it. */
  lameDuckUntil: z.number().optional(),
});

const destinationState = z.object({
  /** The realserver's name, or null for an entry that the topology does not know. */
  name: z.string().nullable(),
  address: z.string(),
  port: z.number().int(),
  forward: z.enum(['dr', 'nat', 'tun', 'local']),
  weight: z.number().int(),
  active: z.number().int(),
  inactive: z.number().int(),
  persistent: z.number().int(),
  connections: z.number(),
  inPackets: z.number(),
  outPackets: z.number(),
  inBytes: z.number(),
  outBytes: z.number(),
});

const serviceState = z.object({
  /** The topology's service, or null for a foreign one. */
  name: z.string().nullable(),
  protocol: z.enum(['tcp', 'udp', 'sctp', 'fwm']),
  /** Empty for a firewall mark. */
  address: z.string(),
  port: z.number().int(),
  mark: z.number().int().nullable(),
  scheduler: z.string(),
  flags: z.array(z.string()),
  /** 0: not persistent. */
  persistenceMs: z.number(),
  destinations: z.array(destinationState),
});

const checkState = z.object({
  service: z.string(),
  realserver: z.string(),
  /** As a person would say it: `http 10.77.1.21:80 /index.html`. */
  check: z.string(),
  verdict: z.enum(['up', 'down', 'unknown']),
  since: z.number(),
  lastError: z.string().nullable(),
  /** Of the last successful probe. */
  latencyMs: z.number().nullable(),
});

const overrideState = z.object({
  realserver: z.string(),
  /** null: every service. */
  service: z.string().nullable(),
  weight: z.number().int(),
  owner: z.string(),
  reason: z.string().nullable(),
  since: z.number(),
  until: z.number().nullable(),
});

export const agentState = z.object({
  schema: z.literal(1),
  cluster: z.string(),
  director: z.string(),
  at: z.number(),
  /** Content hash of the release that runs, and the version in it. */
  release: z.string(),
  version: z.string(),
  startedAt: z.number(),
  config: z.object({
    /** SHA-256 of the configuration in force. */
    hash: z.string(),
    generation: z.number().int(),
    /** Why the last one sent was refused or rolled back, or null. */
    error: z.string().nullable(),
  }),
  vrrp: z.object({
    /** Whether the VRRP process answers. */
    alive: z.boolean(),
    latenessMs: z.object({ last: z.number(), worst: z.number() }),
    instances: z.array(instanceState),
  }),
  ipvs: z.object({
    /** The kernel has what is desired. */
    inSync: z.boolean(),
    error: z.string().nullable(),
    /** Realservers removed from the configuration that still drain. */
    leaving: z.array(z.string()),
    services: z.array(serviceState),
  }),
  /** Planned hand-overs of which connections are still relayed to the director that was MASTER before. */
  relays: z
    .array(
      z.object({
        instance: z.string(),
        /** That director's address. */
        to: z.string(),
        since: z.number(),
        connections: z.number().int(),
      }),
    )
    .optional(),
  checks: z.array(checkState),
  overrides: z.array(overrideState),
  /** One sentence each. */
  alarms: z.array(z.string()),
});

export type AgentState = z.infer<typeof agentState>;
export type InstanceState = z.infer<typeof instanceState>;
export type ServiceState = z.infer<typeof serviceState>;
export type DestinationState = z.infer<typeof destinationState>;
export type CheckState = z.infer<typeof checkState>;
