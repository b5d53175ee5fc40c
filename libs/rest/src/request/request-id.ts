import { randomUUID } from 'node:crypto';

const SANE = /^[A-Za-z0-9._~+/=:-]{1,128}$/;

/** The caller's `x-request-id` where it can stand in logs and headers as it is, else a new one. */
export function requestIdOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && SANE.test(header) ? header : randomUUID();
}
