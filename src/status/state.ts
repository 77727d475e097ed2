/**
 * What one agent tells of itself: `GET /v1/state`. The schema is the contract between agent and lvsctl, and between lvsctl
 * and whatever reads `status --json`; what an agent sends is parsed with it before it is believed. Times are epoch
 * milliseconds, durations milliseconds. A field may be added; none changes its meaning without a new `schema` number.
 */
import { z } from 'zod';
import { VRRP_STATES } from './vrrp-state.ts';

const trackerState = z.object({
  kind: z.enum(['interface', 'script', 'service', 'file']),
  /** Of a file, its path. */
  name: z.string(),
  /** 0: down means FAULT. */
  weight: z.number().int(),
  /** Of a file: down while it exists. */
  state: z.enum(['up', 'down', 'unknown']),
  /** Whether it counts as down: a reversed script does so while it is up. */
  isDown: z.boolean(),
  /** Why a script failed last, or why a file cannot be looked at. */
  error: z.string().nullable(),
});

/** What directors must agree on to understand each other; src/config/speech.ts says what each field means. */
const speech = z.object({
  vrid: z.number().int(),
  version: z.literal([2, 3]),
  family: z.literal([4, 6]),
  transport: z.enum(['unicast', 'multicast']),
  group: z.string().nullable(),
  advertIntervalMs: z.number().nullable(),
  secret: z.string().nullable(),
  hmac: z.string().nullable().optional(),
  speakers: z.record(z.string(), z.string().nullable()),
});

const hmacState = z.object({
  /** As configured; off: signing ends, and others may still sign. */
  mode: z.enum(['receive', 'permissive', 'enforce', 'off']),
  /** The configured key's. */
  keyId: z.number().int().nullable(),
  /** That of the key in use; null: it does not sign. */
  signsWith: z.number().int().nullable(),
  /** All directors have this configuration, so what it says is sent. */
  agreed: z.boolean(),
  /** Nothing that was sent before it is believed any more. */
  settled: z.boolean(),
  /** When such a thing was believed last, or null: never. */
  formerAt: z.number().nullable(),
});

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
  /** Changes of state since the VRRP process started. An agent of an earlier release tells neither these nor trackers. */
  transitions: z.number().int().default(0),
  /** What it tracks besides its own interface. */
  trackers: z.array(trackerState).default([]),
  /** The interface that its addresses are on, with the virtual router's own MAC; absent: none. */
  virtualMac: z.object({ interface: z.string(), mac: z.string() }).optional(),
  /** Source of its own advertisements. This and the two below are absent where an older VRRP process runs. */
  source: z.string().optional(),
  /** The last advertisement of another that counted, or null: nobody was heard. */
  lastAdvert: z.object({ source: z.string(), priority: z.number().int(), at: z.number() }).nullable().optional(),
  /** The last packet that was not believed, by reason: who sent it, and when. */
  lastDropped: z.record(z.string(), z.object({ source: z.string(), at: z.number() })).optional(),
  /** Who else has its addresses, found before it served for the first time; the cause of its FAULT. Absent as those above. */
  owners: z.array(z.object({ address: z.string(), interface: z.string(), mac: z.string().nullable() })).optional(),
  /** Who was heard in the last minute to speak for its VRID and is none of us, or is and says something else. */
  strangers: z
    .array(
      z.object({
        source: z.string(),
        /** A director of the topology, or a peer. */
        isKnown: z.boolean(),
        version: z.literal([2, 3]),
        priority: z.number().int(),
        addresses: z.array(z.string()),
        since: z.number(),
        at: z.number(),
      }),
    )
    .optional(),
  /** As it is configured; an agent of an earlier release does not tell. */
  speech: speech.optional(),
  /** How its advertisements are signed, or null: they are not. Of keys only the numbers, which stand in every advertisement. */
  hmac: hmacState.nullable().optional(),
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
  /** That it wants for the realserver (`sets_weight`); absent: what is configured. */
  weight: z.number().int().optional(),
  /** It flaps: how often it went down in short order, and how many successes in a row bring it back. Absent: it does not. */
  flapping: z.object({ falls: z.number().int(), rise: z.number().int() }).optional(),
});

/** What a service as a whole makes of the verdicts on its realservers. */
const policyState = z.object({
  /** Of the service. */
  name: z.string(),
  quorum: z.object({
    state: z.enum(['up', 'down', 'unknown']),
    since: z.number(),
    /** Sum of the weights of living realservers; whoever is drained weighs nothing. */
    alive: z.number().int(),
    /** Of those that have not been judged yet. */
    undecided: z.number().int(),
    needed: z.number().int(),
    hysteresis: z.number().int(),
  }),
  /** The sorry server: in the place of the realservers, ready for it, or dead; null: there is none. */
  sorry: z.enum(['serves', 'ready', 'down']).nullable(),
  /** Realservers that fail and go on serving, because nearly all failed at once. */
  failOpen: z.object({ since: z.number(), realservers: z.array(z.string()) }).nullable(),
  /** Whose weight still rises, to what, and until when. */
  rising: z.array(z.object({ realserver: z.string(), weight: z.number().int(), until: z.number() })),
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

const holdState = z.object({
  /** null: every instance. */
  instance: z.string().nullable(),
  owner: z.string(),
  reason: z.string().nullable(),
  since: z.number(),
  /** null: as long as its reason is true. */
  until: z.number().nullable(),
  /** VIPs: as long as another director says that it is MASTER of one of them. */
  whileServed: z.array(z.string()).optional(),
});

const exchangeState = z.object({
  /** Fingerprint of the key that all directors share, or null: there is none. */
  key: z.string().nullable(),
  peers: z.array(
    z.object({
      director: z.string(),
      address: z.string(),
      /** When it was last believed, or null: never. */
      heardAt: z.number().nullable(),
      /** Of the configuration that it has. */
      generation: z.number().int().nullable(),
      /** It is heard, and knows the same of configuration and realservers. */
      agrees: z.boolean(),
    }),
  ),
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
    /** The release that it runs from: after an upgrade it follows the agent by a moment. */
    release: z.string().optional(),
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
        director: z.string(),
        /** The address that it advertises from. */
        to: z.string(),
        since: z.number(),
        connections: z.number().int(),
      }),
    )
    .optional(),
  /** Kernel settings that the agent has changed for a hand-over and puts back when that is over. */
  lent: z.record(z.string(), z.object({ before: z.string(), now: z.string() })).optional(),
  checks: z.array(checkState),
  /** Of services as a whole; an earlier release tells none. */
  policies: z.array(policyState).optional(),
  /** Services that are neither checked nor in the table here, because this director is not MASTER (`only_when_master`). */
  waiting: z.array(z.string()).optional(),
  overrides: z.array(overrideState),
  /** What keeps instances of this director from becoming MASTER; an earlier release tells none. */
  holds: z.array(holdState).optional(),
  /** What this director hears of the others; an earlier release does not listen. */
  exchange: exchangeState.optional(),
  /** One sentence each. */
  alarms: z.array(z.string()),
});

export type AgentState = z.infer<typeof agentState>;
export type InstanceState = z.infer<typeof instanceState>;
export type TrackerState = z.infer<typeof trackerState>;
export type ServiceState = z.infer<typeof serviceState>;
export type DestinationState = z.infer<typeof destinationState>;
export type HoldState = z.infer<typeof holdState>;
export type OverrideState = z.infer<typeof overrideState>;
export type PolicyState = z.infer<typeof policyState>;
export type CheckState = z.infer<typeof checkState>;
