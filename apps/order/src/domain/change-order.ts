import { AppError } from '@stampede/errors';
import { isDecided, isFinal, ship, unwind, type Order } from './order.ts';
import type { OrderFeed, Waiting } from './order-feed.ts';
import type { Orders } from './ports.ts';
import { orderNotFound, type UnwindReason } from './reasons.ts';
import type { SagaDriver } from './saga-driver.ts';

export interface ChangeOrderPorts {
  readonly orders: Pick<Orders, 'find' | 'change'>;
  readonly driver: Pick<SagaDriver, 'drive'>;
  readonly feed: Pick<OrderFeed, 'publish' | 'until'>;
}

/** Who asks. */
export interface Actor {
  /** UUID. */
  readonly userId: string;
  readonly operator: boolean;
}

/** `order`, if it is the actor's to see; another's is as good as none. */
export function visible(order: Order | undefined, id: string, { userId, operator }: Actor): Order {
  if (order === undefined || (!operator && order.userId !== userId)) throw orderNotFound(id);
  return order;
}

/** Calls an order off, before or after it was paid. Answers it once all is given back, or as it stands when the waiting is over. */
export function cancelOrder(id: string, actor: Actor, waiting: Waiting, ports: ChangeOrderPorts): Promise<Order> {
  return undo(id, actor, 'ORDER_CANCELLED', waiting, ports);
}

/** Gives a paid order's money and stock back; for operators. Answers as `cancelOrder`. */
export function refundOrder(id: string, actor: Actor, waiting: Waiting, ports: ChangeOrderPorts): Promise<Order> {
  return undo(id, actor, 'ORDER_REFUNDED', waiting, ports);
}

/** Marks a paid order as shipped; for operators. */
export async function shipOrder(id: string, actor: Actor, ports: ChangeOrderPorts): Promise<Order> {
  for (;;) {
    const order = visible(await ports.orders.find(id), id, actor);
    requireOperator(actor);
    if (order.status === 'SHIPPED') return order;
    const shipped = await ports.orders.change(ship(order));
    if (shipped === undefined) continue;
    ports.feed.publish(shipped);
    return shipped;
  }
}

/** Commits the decision; of all who want to change the order at once, one wins, and the others decide anew on what it made of it. */
async function undo(
  id: string,
  actor: Actor,
  reason: UnwindReason,
  waiting: Waiting,
  ports: ChangeOrderPorts,
): Promise<Order> {
  for (;;) {
    const order = visible(await ports.orders.find(id), id, actor);
    if (reason === 'ORDER_REFUNDED') requireOperator(actor);
    const asked = 'refusal' in order && order.refusal.reason === reason;
    if (asked && isFinal(order)) return order;
    if (asked) return ports.feed.until(order, isDecided, waiting);
    const unwinding = await ports.orders.change(unwind(order, { reason, metadata: {} }));
    if (unwinding === undefined) continue;
    ports.feed.publish(unwinding);
    ports.driver.drive({ order: unwinding, paymentToken: '', expired: false });
    return ports.feed.until(unwinding, isDecided, waiting);
  }
}

function requireOperator({ operator }: Actor): void {
  if (!operator) throw new AppError('PERMISSION_DENIED', 'PERMISSION_DENIED', 'for operators only');
}
