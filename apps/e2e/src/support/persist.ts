import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderBody, Problem } from './shopper.ts';

export interface PersistOptions {
  /** Base URLs; asked at each try, and taken in turn. */
  readonly gateways: () => readonly string[];
  /** Milliseconds that one try may take. */
  readonly timeoutMs: number;
  /** Milliseconds until a request is given up, having been repeated. */
  readonly patienceMs: number;
  /** Told of each try that got no answer, or a 429 or 5xx. */
  readonly onFailure: (failure: RawFailure) => void;
  /** Whoever asks goes away: nothing is asked any more, and the signal's reason thrown. */
  readonly signal?: AbortSignal;
}

/** A try that got no verdict: the connection failed, or the answer was a 429 or 5xx. */
export interface RawFailure {
  /** performance.now(), of the try's beginning and its end. */
  readonly begunAt: number;
  readonly at: number;
  readonly gateway: string;
  readonly what: string;
}

export interface Request {
  readonly method: 'GET' | 'POST';
  /** `/v1/orders`. */
  readonly path: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

export interface Verdict {
  readonly status: number;
  /** An order, or why there is none. */
  readonly body: OrderBody & Omit<Problem, 'status'>;
  /** performance.now(). */
  readonly at: number;
}

/** Nothing was answered for as long as the client was patient. */
export class NoVerdictError extends Error {}

/** Sends a request and repeats it, at another gateway, until there is an answer other than a 429 or 5xx: a well-made client. */
export type Persist = (request: Request) => Promise<Verdict>;

const PAUSE_MS = 50;

export function createPersist({ gateways, timeoutMs, patienceMs, onFailure, signal }: PersistOptions): Persist {
  let turn = 0;
  return async ({ method, path, token, headers = {}, body }: Request) => {
    const init = {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const begun = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      const urls = gateways();
      const gateway = urls[turn++ % urls.length] ?? '';
      const begunAt = performance.now();
      const answer = await attempt(`${gateway}${path}`, init, timeoutMs);
      const at = performance.now();
      if (typeof answer !== 'string' && answer.status < 500 && answer.status !== 429) return { ...answer, at };
      const what = typeof answer === 'string' ? answer : `${answer.status} ${answer.body.reason}`;
      onFailure({ begunAt, at, gateway, what });
      if (at - begun > patienceMs) {
        throw new NoVerdictError(`${method} ${path}: no verdict within ${patienceMs} ms, last ${what}`);
      }
      await sleep(PAUSE_MS);
    }
  };
}

async function attempt(url: string, init: RequestInit, timeoutMs: number): Promise<Omit<Verdict, 'at'> | string> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, body: (await response.json()) as Verdict['body'] };
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    if (!(cause instanceof Error)) return String(cause);
    return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  }
}
