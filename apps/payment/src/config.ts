import { z } from 'zod';

const milliseconds = z.number().int().min(1).max(3_600_000);

/** What may be set for the payment service, by environment or under /config/payment; `database` counts at the start alone. */
export const configSchema = z.object({
  /** Connections to the database; the sandbox provider has as many of its own. */
  database: z.object({ connections: z.number().int().min(1).max(1_000).default(10) }).prefault({}),
  /** How payments are begun and moved together, here and in the sandbox's books; in force from the next batch on. */
  batch: z
    .object({
      maxSize: z.number().int().min(1).max(10_000).default(256),
      /** Those that may wait for the next batch, of each kind; further ones are RESOURCE_EXHAUSTED. */
      maxQueued: z.number().int().min(1).max(1_000_000).default(10_000),
      /** Batches of a kind at work at once, each on a connection of its own. */
      lanes: z.number().int().min(1).max(64).default(2),
    })
    .prefault({}),
  provider: z
    .object({
      /** How long one answer of the provider is waited for. */
      timeoutMs: milliseconds.default(1_000),
    })
    .prefault({}),
  sandbox: z
    .object({
      /** How late `tok_timeout` is answered: longer than provider.timeoutMs, or it is not late. */
      lateMs: milliseconds.default(1_500),
    })
    .prefault({}),
  recovery: z
    .object({
      everyMs: milliseconds.default(5_000),
      /** How long an intent may stand before recovery looks it up. */
      staleMs: milliseconds.default(30_000),
      leaseMs: milliseconds.default(10_000),
      maxLeaseMs: milliseconds.default(600_000),
    })
    .prefault({}),
});

export type PaymentConfig = z.infer<typeof configSchema>;
