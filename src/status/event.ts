/** One thing that happened on a director: `GET /v1/events`, a line each (NDJSON). */
import { z } from 'zod';

export const agentEvent = z.object({
  /** Counts up by one while the agent runs; `?since=` takes it. */
  seq: z.number().int(),
  /** Epoch ms. */
  at: z.number(),
  director: z.string(),
  level: z.enum(['error', 'warning', 'notice', 'info']),
  kind: z.enum(['agent', 'alert', 'check', 'config', 'ipvs', 'notify', 'override', 'tracker', 'vrrp']),
  /** One sentence, with the cause. */
  message: z.string(),
  /** What it is about, by name. */
  fields: z.record(z.string(), z.union([z.string(), z.number()])),
});

export type AgentEvent = z.infer<typeof agentEvent>;
