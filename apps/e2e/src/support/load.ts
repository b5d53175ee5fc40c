import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderBody, Problem } from './shopper.ts';

export interface LoadOptions {
  /** Base URLs; asked at each try, and taken in turn. */
  readonly gateways: () => readonly string[];
  /** Whoever buys. */
  readonly tokens: readonly string[];
  readonly skus: readonly string[];
  /** How many buy at once; 8 if absent. */
  readonly buyers?: number;
  /** Which card the nth order is paid with; `tok_visa` if absent. */
  readonly card?: (index: number) => string;
  /** Milliseconds that one try may take; 10,000 if absent. */
  readonly timeoutMs?: number;
  /** Milliseconds until a buyer gives an order up, having repeated it with its key; 60,000 if absent. */
  readonly patienceMs?: number;
}

/** A try that got no verdict: the connection failed, or the answer was a 429 or 5xx. */
export interface RawFailure {
  /** performance.now(). */
  readonly at: number;
  readonly gateway: string;
  readonly what: string;
}

/** An answer that tells what became of an order: 201, 202, 402, 409. */
export interface Acknowledged {
  readonly at: number;
  readonly key: string;
  readonly token: string;
  readonly status: number;
  readonly id: string;
}

export interface Load {
  /** Orders that were answered 201, by id. */
  readonly paid: ReadonlyMap<string, Acknowledged>;
  /** Answers by status. */
  readonly answers: ReadonlyMap<number, number>;
  /** Tries that a client without repetition would have seen fail. */
  readonly rawFailures: readonly RawFailure[];
  /** Orders that came to nothing known for as long as their buyer was patient, and answers that no buyer should see. */
  readonly failures: readonly string[];
  /** The longest that an order took, repetitions included, in ms. */
  readonly longestMs: number;
  /** Resolves when that many more orders were answered 201. */
  morePaid(count: number, timeoutMs?: number): Promise<void>;
  /** Ends it; buyers finish what they are at. */
  end(): Promise<void>;
}

const VERDICTS: ReadonlySet<number> = new Set([201, 202, 402, 409]);
const PAUSE_MS = 50;

/**
 * Buyers that buy one thing after the other until told to stop, as a well-made client does: each order has an Idempotency-Key, and is
 * repeated with it, at another gateway, until there is a verdict.
 */
export function startLoad(options: LoadOptions): Load {
  const { gateways, tokens, skus, buyers = 8, card = () => 'tok_visa' } = options;
  const { timeoutMs = 10_000, patienceMs = 60_000 } = options;
  const paid = new Map<string, Acknowledged>();
  const answers = new Map<number, number>();
  const rawFailures: RawFailure[] = [];
  const failures: string[] = [];
  const running = new AbortController();
  let made = 0;
  let turn = 0;
  let longestMs = 0;

  async function buy(index: number): Promise<void> {
    const key = randomUUID();
    const token = tokens[index % tokens.length] ?? '';
    const body = JSON.stringify({
      items: [{ sku: skus[index % skus.length], quantity: 1 }],
      paymentToken: card(index),
    });
    const begun = performance.now();
    for (;;) {
      const urls = gateways();
      const gateway = urls[turn++ % urls.length] ?? '';
      const answer = await post(`${gateway}/v1/orders`, token, key, body, timeoutMs);
      const now = performance.now();
      if (typeof answer !== 'string' && VERDICTS.has(answer.status)) {
        answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
        longestMs = Math.max(longestMs, now - begun);
        const { id } = answer.body;
        if (answer.status === 201) paid.set(id, { at: now, key, token, status: answer.status, id });
        return;
      }
      if (typeof answer !== 'string' && answer.status < 500 && answer.status !== 429) {
        failures.push(`${key}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return;
      }
      const what = typeof answer === 'string' ? answer : `${answer.status} ${answer.body.reason}`;
      rawFailures.push({ at: now, gateway, what });
      if (now - begun > patienceMs) {
        failures.push(`${key}: no verdict within ${patienceMs} ms, last ${what}`);
        return;
      }
      await sleep(PAUSE_MS);
    }
  }

  const work = Array.from({ length: buyers }, async () => {
    while (!running.signal.aborted) await buy(made++);
  });

  return {
    paid,
    answers,
    rawFailures,
    failures,
    get longestMs() {
      return longestMs;
    },
    async morePaid(count, withinMs = 60_000) {
      const goal = paid.size + count;
      const deadline = performance.now() + withinMs;
      while (paid.size < goal) {
        if (performance.now() > deadline) {
          throw new Error(`${goal - paid.size} of ${count} orders were not paid within ${withinMs} ms`);
        }
        await sleep(10);
      }
    },
    async end() {
      running.abort();
      await Promise.all(work);
    },
  };
}

async function post(
  url: string,
  token: string,
  key: string,
  body: string,
  timeoutMs: number,
): Promise<{ status: number; body: OrderBody & Problem } | string> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: (await response.json()) as OrderBody & Problem };
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return String(cause instanceof Error && 'code' in cause ? cause.code : cause);
  }
}

/** What is not as it was acknowledged: each order that was answered 201 must be PAID (or SHIPPED) to this day. */
export async function lostOf(load: Pick<Load, 'paid'>, gateway: string): Promise<string[]> {
  const lost: string[] = [];
  const left = [...load.paid.values()];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const response = await fetch(`${gateway}/v1/orders/${next.id}`, {
          headers: { authorization: `Bearer ${next.token}` },
        });
        const { status } = (await response.json()) as OrderBody;
        if (status !== 'PAID' && status !== 'SHIPPED') lost.push(`${next.id}: ${response.status} ${status}`);
      }
    }),
  );
  return lost;
}
