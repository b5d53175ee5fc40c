import type { IncomingHttpHeaders } from 'node:http';
import { invalidRequest } from '../problem/http-error.ts';

/** How long a client says that it will wait for an answer. */
export interface Patience {
  /** Milliseconds by `grpc-timeout`, which holds whatever else is said. */
  readonly timeoutMs: number | undefined;
  /** Seconds by `Prefer: wait=N`, a wish. */
  readonly waitSeconds: number | undefined;
}

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 } as const;
const WAIT = /^wait\s*=\s*"?(\d{1,9})"?$/i;

/**
 * Reads `grpc-timeout` (a 400 where it makes no sense) and `Prefer: wait=N` (ignored where it makes none, as the standard asks; of several the
 * first counts); undefined where there is neither.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md "Timeout"
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-4.3
 */
export function patienceOf({ 'grpc-timeout': timeout, prefer }: IncomingHttpHeaders): Patience | undefined {
  if (timeout === undefined && prefer === undefined) return undefined;
  const [, wait] = (typeof prefer === 'string' ? prefer : '')
    .split(',')
    .map((preference) => WAIT.exec(preference.split(';', 1)[0]?.trim() ?? ''))
    .find((match) => match !== null) ?? [undefined, undefined];
  const seconds = wait === undefined ? 0 : Number(wait);
  return {
    timeoutMs: timeout === undefined ? undefined : readTimeout(String(timeout)),
    // Who will not wait at all asks for something that only the service's own contract can promise.
    waitSeconds: seconds === 0 ? undefined : seconds,
  };
}

function readTimeout(text: string): number {
  const [, amount, unit] = TIMEOUT.exec(text) ?? [];
  if (amount === undefined) {
    throw invalidRequest([
      { field: 'grpc-timeout', description: 'must be up to 8 digits and one of H, M, S, m, u, n' },
    ]);
  }
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** The deadline of a call in milliseconds, and whether it is the client's wish that made it so. */
export function deadlineOf(
  { timeoutMs, waitSeconds }: Patience,
  /** What holds by itself. */
  limitMs: number,
  /** Whether a hook has decided about the wish. */
  decided: boolean,
): { readonly deadlineMs: number; readonly applied: string | undefined } {
  const waitMs = decided || waitSeconds === undefined ? Number.POSITIVE_INFINITY : waitSeconds * 1_000;
  return {
    deadlineMs: Math.min(limitMs, waitMs, timeoutMs ?? Number.POSITIVE_INFINITY),
    applied: waitMs <= limitMs ? `wait=${waitMs / 1_000}` : undefined,
  };
}
