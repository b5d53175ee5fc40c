import { randomUUID } from 'node:crypto';

const SAFE = /^[A-Za-z0-9._~:/+=@-]{1,128}$/;

/** `claimed` if it is fit for logs and headers (1 to 128 characters of a small alphabet), else a new one. */
export function requestIdOf(claimed: string | undefined): string {
  return claimed !== undefined && SAFE.test(claimed) ? claimed : randomUUID();
}
