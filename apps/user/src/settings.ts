import { availableParallelism } from 'node:os';
import { z } from 'zod';

/** Threads of libuv's pool by default, one of which stays free for signing, files and names. */
const POOL_THREADS = 4;

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
/** No access token lives longer, whatever is set: a key that signs no more verifies for as long. */
export const MAX_ACCESS_SECONDS = DAY;

/** Everything that can be set, with what is shipped. */
export const settingsSchema = z.object({
  database: z.object({ connections: z.int().min(1).max(100).default(10) }).prefault({}),
  tokens: z
    .object({
      /** Seconds. Also the time for which a role or an account that was taken away goes on to work. */
      accessSeconds: z
        .int()
        .min(10)
        .max(MAX_ACCESS_SECONDS)
        .default(15 * MINUTE),
      /** Seconds, counted anew with each refresh. */
      refreshSeconds: z
        .int()
        .min(MINUTE)
        .max(400 * DAY)
        .default(30 * DAY),
    })
    .prefault({}),
  keys: z
    .object({
      /** Seconds that a key signs; then another one takes its place. */
      signSeconds: z
        .int()
        .min(MINUTE)
        .max(3_650 * DAY)
        .default(30 * DAY),
      /** Seconds that the next one is published before it signs. */
      aheadSeconds: z
        .int()
        .min(10)
        .max(DAY)
        .default(5 * MINUTE),
    })
    .prefault({}),
  /**
   * argon2id at the first of OWASP's parameters that trade memory for time.
   * @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
   */
  passwords: z
    .object({
      memoryKib: z.int().min(8).max(1_048_576).default(19_456),
      passes: z.int().min(1).max(100).default(2),
      parallelism: z.int().min(1).max(16).default(1),
      /** How many are hashed at once, each with `memoryKib` of memory. */
      concurrency: z
        .int()
        .min(1)
        .max(64)
        .default(() => Math.min(availableParallelism(), POOL_THREADS - 1)),
      /** How many may wait; beyond that the answer is TOO_MANY_LOGINS. */
      waiting: z.int().min(0).max(10_000).default(100),
    })
    .refine(({ memoryKib, parallelism }) => memoryKib >= 8 * parallelism, 'argon2 wants at least 8 KiB a lane')
    .prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
