import { z } from 'zod';

/** What may be set, by environment (`INVENTORY_BATCH_MAX_SIZE`) or under /config/inventory. */
export const settingsSchema = z.object({
  /** Connections to the database; read at the start. */
  database: z.object({ connections: z.int().min(2).max(1_000).default(10) }).prefault({}),
  /** How reservations are decided together; in force from the next batch on. */
  batch: z
    .object({
      maxSize: z.int().min(1).max(10_000).default(256),
      /** Requests that may wait for the next batch; further ones are RESOURCE_EXHAUSTED. */
      maxQueued: z.int().min(1).max(1_000_000).default(10_000),
      /** Batches at work at once, each on a connection of its own. */
      lanes: z.int().min(1).max(64).default(2),
    })
    .prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
