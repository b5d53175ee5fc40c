import { checkLimits, checkRequest, type PlaceRequest } from './check-request.ts';
import { isDecided, type Order } from './order.ts';
import type { OrderFeed, Waiting } from './order-feed.ts';
import type { Catalog, Draft, Orders } from './ports.ts';
import { priceItems, type Priced } from './price-items.ts';
import { orderError, refusalError } from './reasons.ts';
import { requestHash } from './request-hash.ts';
import type { SagaDriver } from './saga-driver.ts';

/** Orders go their way in groups, so that they meet in all batches on it. */
export interface Gate {
  /** Resolves once the order may go, with what is to be called when it has an answer. Rejects where the signal aborted meanwhile, or too many wait. */
  enter(signal?: AbortSignal): Promise<() => void>;
}

export interface PlaceOrderPorts {
  readonly catalog: Pick<Catalog, 'find'>;
  readonly orders: Pick<Orders, 'place' | 'findByKey'>;
  readonly driver: Pick<SagaDriver, 'admit' | 'drive'>;
  readonly feed: Pick<OrderFeed, 'until'>;
  readonly gate: Gate;
  /** A new UUIDv7. */
  readonly newId: () => string;
  readonly settings: () => { readonly holdSeconds: number; readonly maxQuantity: number };
}

/**
 * Places an order and waits for what becomes of it, for as long as the caller can; the saga goes on regardless. Once for a user and key: a
 * repetition gets the first outcome, whatever prices are by then. Answers the order (PENDING where the waiting was too short).
 *
 * @throws the refusal, where the order came to nothing before it was paid; IDEMPOTENCY_KEY_REUSED; what `checkRequest`, `checkLimits` and `priceItems` throw.
 */
export async function placeOrder(
  request: PlaceRequest & { readonly userId: string },
  waiting: Waiting,
  ports: PlaceOrderPorts,
): Promise<Order> {
  checkRequest(request);
  const hash = requestHash(request);
  const existing = (order: Order) => repeated(order, hash, waiting, ports);

  let priced: Priced;
  try {
    checkLimits(request, ports.settings());
    ports.driver.admit();
    priced = priceItems(request.items, await ports.catalog.find([...new Set(request.items.map(({ sku }) => sku))]));
  } catch (error) {
    // A repetition of what was placed long ago is to be answered even so.
    const order = await ports.orders.findByKey(request.userId, request.idempotencyKey);
    if (order === undefined) throw error;
    return existing(order);
  }

  const draft: Draft = {
    id: ports.newId(),
    userId: request.userId,
    idempotencyKey: request.idempotencyKey,
    requestHash: hash,
    ...priced,
    paymentToken: request.paymentToken,
    holdSeconds: ports.settings().holdSeconds,
  };
  const leave = await ports.gate.enter(waiting.signal);
  try {
    const { order, placed } = await ports.orders.place(draft, waiting.signal);
    if (!placed) return await existing(order);
    // From here on the order stands, and nobody's leaving stops it.
    ports.driver.drive({ order, paymentToken: request.paymentToken, expired: false });
    return outcome(await ports.feed.until(order, isDecided, waiting));
  } finally {
    leave();
  }
}

async function repeated(order: Order, hash: string, waiting: Waiting, { feed }: PlaceOrderPorts): Promise<Order> {
  if (order.requestHash !== hash) {
    throw orderError(
      'FAILED_PRECONDITION',
      'IDEMPOTENCY_KEY_REUSED',
      'the idempotency key was used for another request',
    );
  }
  return outcome(await feed.until(order, isDecided, waiting));
}

/** An order that was PAID once stands for itself, whatever it became since; one that came to nothing is answered by the reason. */
function outcome(order: Order): Order {
  if ('refusal' in order && !order.paid) throw refusalError(order.id, order.refusal);
  return order;
}
