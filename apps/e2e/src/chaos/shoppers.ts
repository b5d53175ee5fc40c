import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPersist, type RawFailure } from '../support/persist.ts';
import type { OrderBody } from '../support/shopper.ts';
import { planPurchase, type Purchase, type Shelves } from './purchase.ts';

export interface ShoppersOptions {
  readonly seed: number;
  readonly gateways: () => readonly string[];
  readonly customers: readonly string[];
  /** Whose token may refund. */
  readonly operator: string;
  readonly shelves: Shelves;
  /** How many shop at once. */
  readonly count: number;
  /** Sends everybody home, whatever they know. */
  readonly signal: AbortSignal;
}

/** What somebody was told of an order, and so may rely on. */
export interface Promised {
  readonly id: string;
  readonly key: string;
  readonly token: string;
  /** `PAID`, `REJECTED` …: where it stands for good. */
  readonly status: string;
  readonly purchase: Purchase;
}

export interface Shoppers {
  readonly placed: number;
  /** By order id; the last that was told. */
  readonly promised: ReadonlyMap<string, Promised>;
  readonly rawFailures: readonly RawFailure[];
  /** Orders of which nobody learnt in time what became of them. */
  readonly withoutVerdict: readonly string[];
  /** Answers that must not be: a declined card charged, an error that is no refusal. */
  readonly wrong: readonly string[];
  /** The longest that somebody waited to know, repetitions included, in ms. */
  readonly longestMs: number;
  /** No new orders; resolves when everybody knows what became of theirs, or has waited so long for that. */
  end(withinMs: number): Promise<void>;
}

/** A try lasts longer than the gateway's own patience, so that it is the gateway who answers. */
const TRY_MS = 12_000;
const THINK_MS = 100;
const LOOK_AGAIN_MS = 200;
const UNDECIDED = new Set(['PENDING', 'UNWINDING']);

/** Shoppers who buy, change their minds and ask again until they know, each order under a key of its own, and keep what they were told. */
export function startShoppers(options: ShoppersOptions): Shoppers {
  const { seed, gateways, customers, operator, shelves, count, signal } = options;
  const promised = new Map<string, Promised>();
  const rawFailures: RawFailure[] = [];
  /** Orders that somebody waits for, by key. */
  const waiting = new Map<string, string>();
  const wrong: string[] = [];
  const leaving = new AbortController();
  const persist = createPersist({
    gateways,
    timeoutMs: TRY_MS,
    // Nobody gives up before the shop had its time to come to rest.
    patienceMs: Number.POSITIVE_INFINITY,
    onFailure: (failure) => void rawFailures.push(failure),
    signal,
  });
  let placed = 0;
  let longestMs = 0;

  async function shop(index: number): Promise<void> {
    const purchase = planPurchase({ seed, index, shelves });
    const token = customers[index % customers.length] ?? '';
    const key = randomUUID();
    const begun = performance.now();
    waiting.set(key, 'placed');
    const told = (id: string, status: string) => {
      longestMs = Math.max(longestMs, performance.now() - begun);
      promised.set(id, { id, key, token, status, purchase });
    };
    try {
      const { id, status } = await buy(purchase, token, key);
      if (UNDECIDED.has(status) && purchase.then === undefined) {
        told(id, await decided(id, token));
      } else if (purchase.then !== undefined && (status === 'PAID' || UNDECIDED.has(status))) {
        waiting.set(key, `${purchase.then} of ${id}, which is ${status}`);
        told(id, await undo(id, purchase.then === 'refund' ? operator : token, purchase.then));
      } else {
        told(id, status);
      }
    } catch (error) {
      if (signal.aborted) return;
      wrong.push(`${key}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      waiting.delete(key);
    }
  }

  async function buy({ items, card, patient }: Purchase, token: string, key: string): Promise<OrderState> {
    const { status, body } = await persist({
      method: 'POST',
      path: '/v1/orders',
      token,
      headers: { 'idempotency-key': key, ...(!patient && { prefer: 'respond-async' }) },
      body: { items, paymentToken: card },
    });
    if (status === 201 || status === 202) return body;
    const id = body.metadata?.['order_id'];
    if (id !== undefined && body.reason === 'OUT_OF_STOCK') return { id, status: 'REJECTED' };
    if (id !== undefined && body.reason === 'PAYMENT_DECLINED') return { id, status: 'PAYMENT_FAILED' };
    throw new Error(`an order was answered ${status} ${JSON.stringify(body)}`);
  }

  async function undo(id: string, token: string, verb: 'cancel' | 'refund'): Promise<string> {
    const { status, body } = await persist({
      method: 'POST',
      path: `/v1/orders/${id}:${verb}`,
      token,
      body: {},
    });
    const cameTooLate = body.reason === 'ILLEGAL_TRANSITION';
    if (status !== 200 && !cameTooLate)
      throw new Error(`to ${verb} ${id} was answered ${status} ${JSON.stringify(body)}`);
    return cameTooLate || UNDECIDED.has(body.status) ? decided(id, token) : body.status;
  }

  async function decided(id: string, token: string): Promise<string> {
    for (;;) {
      const { status, body } = await persist({ method: 'GET', path: `/v1/orders/${id}`, token });
      if (status !== 200) throw new Error(`order ${id}, which was acknowledged, was answered ${status}`);
      if (!UNDECIDED.has(body.status)) return body.status;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  const work = Array.from({ length: count }, async () => {
    while (!leaving.signal.aborted && !signal.aborted) {
      await shop(placed++);
      await sleep(THINK_MS, undefined, { signal: leaving.signal }).catch(() => undefined);
    }
  });

  return {
    get placed() {
      return placed;
    },
    promised,
    rawFailures,
    get withoutVerdict() {
      return [...waiting].map(([key, what]) => `${key}: ${what}`);
    },
    wrong,
    get longestMs() {
      return longestMs;
    },
    async end(withinMs) {
      leaving.abort();
      await Promise.race([Promise.all(work), sleep(withinMs, undefined, { ref: false })]);
    },
  };
}

type OrderState = Pick<OrderBody, 'id' | 'status'>;
