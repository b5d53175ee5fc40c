import { z } from 'zod';

/** Everything that can be set, with what is shipped. */
export const settingsSchema = z.object({
  maxTitleLength: z.int().min(1).max(1_000).default(100),
});

export type Settings = z.infer<typeof settingsSchema>;
