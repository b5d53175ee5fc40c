import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPersist, NoVerdictError, type RawFailure } from './persist.ts';
import type { OrderBody } from './shopper.ts';

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
  const onFailure = (failure: RawFailure) => void rawFailures.push(failure);
  const persist = createPersist({ gateways, timeoutMs, patienceMs, onFailure });
  let made = 0;
  let longestMs = 0;

  async function buy(index: number): Promise<void> {
    const key = randomUUID();
    const token = tokens[index % tokens.length] ?? '';
    const begun = performance.now();
    try {
      const { status, body, at } = await persist({
        method: 'POST',
        path: '/v1/orders',
        token,
        headers: { 'idempotency-key': key },
        body: { items: [{ sku: skus[index % skus.length], quantity: 1 }], paymentToken: card(index) },
      });
      if (!VERDICTS.has(status)) {
        failures.push(`${key}: ${status} ${JSON.stringify(body)}`);
        return;
      }
      answers.set(status, (answers.get(status) ?? 0) + 1);
      longestMs = Math.max(longestMs, at - begun);
      if (status === 201) paid.set(body.id, { at, key, token, status, id: body.id });
    } catch (error) {
      if (!(error instanceof NoVerdictError)) throw error;
      failures.push(`${key}: ${error.message}`);
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
