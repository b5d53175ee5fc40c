import {
  type Order as OrderMessage,
  OrderEvent,
  Order_Status,
  type OrderRecord as RecordMessage,
} from '@stampede/contracts';
import type { Order } from '../domain/order.ts';
import type { OrderRecord } from '../domain/ports.ts';
import { contractReason } from './reasons.ts';

/** An order as the contract says it. */
export function orderToMessage(order: Order): OrderMessage {
  return {
    id: order.id,
    userId: order.userId,
    status: Order_Status[order.status],
    reason: 'refusal' in order ? contractReason(order.refusal.reason) : '',
    items: order.lines,
    total: order.total,
    version: order.version,
    createTime: order.createdAt,
    updateTime: order.updatedAt,
  };
}

export function recordToMessage({ order, outcomes, unfinished }: OrderRecord): RecordMessage {
  return { order: orderToMessage(order), outcomes: outcomes.map((status) => Order_Status[status]), unfinished };
}

/** What the last event was written with: a new buffer an event costs as much as what is written in it. */
let writer: ReturnType<typeof OrderEvent.encode> | undefined;

/** The bytes that are told of an outcome: stampede.order.v1.OrderEvent. */
export function encodeOrderEvent(event: {
  readonly id: string;
  readonly order: Order;
  readonly occurredAt: Date;
}): Uint8Array {
  const { id, order, occurredAt } = event;
  const lent = writer;
  writer = undefined; // what fails half-way leaves its half in there
  const written = OrderEvent.encode({ id, order: orderToMessage(order), occurTime: occurredAt }, lent);
  writer = written;
  return written.finish();
}
