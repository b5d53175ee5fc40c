import { z } from 'zod';

const milliseconds = (least: number) => z.number().int().min(least).max(3_600_000);

/** What may be set for the order service, by environment or under /config/order; in force for what begins afterwards. */
export const configSchema = z.object({
  /** How long an order may be PENDING before it is given up, in seconds of database time. */
  holdSeconds: z.number().min(0.1).max(86_400).default(900),
  /** Units of one item at most: lower it when a few buyers must not empty the shelves. */
  maxQuantity: z.number().int().min(1).max(10_000).default(10_000),
  /** Connections to the database, and as many to a replica. */
  database: z.object({ connections: z.number().int().min(1).max(1_000).default(10) }).prefault({}),
  /** How orders are placed, changed and laid to rest together; in force from the next batch on. */
  batch: z
    .object({
      maxSize: z.number().int().min(1).max(10_000).default(256),
      /** Those that may wait for the next batch, of each kind; further ones are RESOURCE_EXHAUSTED. */
      maxQueued: z.number().int().min(1).max(1_000_000).default(10_000),
      /** Batches of a kind at work at once, each on a connection of its own. */
      lanes: z.number().int().min(1).max(64).default(2),
      /** How long what nobody waits for (stock of paid orders that is to be sold, the saga's end after it) waits for company. */
      lingerMs: milliseconds(0).max(10_000).default(25),
    })
    .prefault({}),
  /** How orders go together, so that they meet in every batch and message on their way. */
  gate: z
    .object({
      /** How long those that came first keep others waiting, at most; 0: none waits. */
      maxMs: milliseconds(0).max(10_000).default(50),
      /** So many that wait do not wait for the group before them, but for the one before that. */
      crowd: z.number().int().min(1).max(1_000_000).default(64),
    })
    .prefault({}),
  /** How long one question to inventory or payment may take. */
  callDeadlineMs: milliseconds(10).default(5_000),
  saga: z
    .object({
      /** Sagas that one instance drives at once; new orders beyond are RESOURCE_EXHAUSTED. */
      maxActive: z.number().int().min(1).max(1_000_000).default(10_000),
      /** Seconds of database time after which a silent instance's sagas are taken over. */
      leaseSeconds: z.number().min(0.5).max(3_600).default(5),
      /** How often, on average, sagas that were left are looked for. */
      pollMs: milliseconds(10).default(1_000),
      /** How many are taken over at a time. */
      claimBatch: z.number().int().min(1).max(10_000).default(200),
      /** The longest pause between two attempts of a step. */
      maxBackoffMs: milliseconds(1).default(5_000),
    })
    .prefault({}),
  catalog: z
    .object({
      /** How old a price may be; ReserveStock finds out an older one. */
      ttlMs: milliseconds(0).default(5_000),
      maxProducts: z.number().int().min(1).max(10_000_000).default(100_000),
    })
    .prefault({}),
  watch: z
    .object({
      /** How late a change by another instance may be seen. */
      pollMs: milliseconds(10).default(250),
      /** Open WatchOrder streams; more are RESOURCE_EXHAUSTED. */
      maxWatchers: z.number().int().min(0).max(1_000_000).default(1_000),
    })
    .prefault({}),
});

export type OrderConfig = z.infer<typeof configSchema>;
