/**
 * One alert: the body of a webhook's POST, a line of a mail, a file of the agent's spool. A field may be added; none changes its
 * meaning without a new `schema` number.
 */
import { z } from 'zod';

export const alert = z.object({
  schema: z.literal(1),
  /** The same however often it is sent: a receiver knows by it what it has had already. */
  id: z.string(),
  /** When it happened, epoch ms. */
  at: z.number(),
  cluster: z.string(),
  /** Who tells. */
  director: z.string(),
  /** What it speaks of: a VRRP instance, a sync group, a realserver in a service, or a service as a whole. */
  kind: z.enum(['instance', 'group', 'realserver', 'service']),
  name: z.string(),
  /** Of a realserver. */
  service: z.string().nullable(),
  /** null: not known, or new. */
  from: z.string().nullable(),
  /** MASTER, BACKUP, FAULT or STOP; up or down. */
  to: z.string(),
  /** One sentence. */
  cause: z.string(),
  /** It came about while no supervisor ran, and was found afterwards. */
  late: z.boolean(),
  /** All of it in one sentence. */
  message: z.string(),
});

export type Alert = z.infer<typeof alert>;
