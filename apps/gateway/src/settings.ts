import { z } from 'zod';

const ORIGIN = /^(?:\*|https?:\/\/[a-z0-9.-]+(?::\d{1,5})?|https?:\/\/\[[0-9a-f:]+\](?::\d{1,5})?)$/;

/** Everything that can be set, with what is shipped. */
export const settingsSchema = z.object({
  /** Milliseconds that a unary call may take. */
  deadlineMs: z.int().min(100).max(60_000).default(10_000),
  /** Milliseconds that a client may take to read an answer, beyond the time that it took to make. */
  takeMs: z.int().min(1_000).max(600_000).default(30_000),
  /** Milliseconds for which clients are still answered, with `Connection: close`, when the gateway has left etcd. */
  drainMs: z.int().min(0).max(30_000).default(500),
  /** Who may call from a browser. */
  cors: z
    .object({
      /** Origins as browsers name them (`https://shop.example`), or `*` for all. */
      origins: z
        .array(z.string().regex(ORIGIN, 'must be an origin such as https://shop.example, or *'))
        .max(100)
        .default([]),
      /** Seconds for which a browser may remember it. */
      maxAgeSeconds: z.int().min(0).max(86_400).default(600),
    })
    .prefault({}),
  limits: z
    .object({
      /** Unary requests at once. */
      requests: z.int().min(1).max(100_000).default(1_000),
      /** Open streams at once. */
      streams: z.int().min(1).max(100_000).default(5_000),
      /** Open connections at once. */
      connections: z.int().min(1).max(1_000_000).default(10_000),
      /** Requests at once on one connection: browsers and proxies send one, pipelines more. */
      pipelined: z.int().min(1).max(10_000).default(16),
    })
    .prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
