import { Order_Status, OrderEvent } from '@stampede/contracts';
import { expect, test } from 'vitest';
import type { Order } from '../domain/order.ts';
import { encodeOrderEvent } from './order-message.ts';

const at = new Date(1_700_000_000_000);
const order: Order = {
  id: 'an order',
  userId: 'somebody',
  idempotencyKey: 'key',
  requestHash: '',
  lines: [{ sku: 'tee', title: 'Tee', quantity: 2, unitPrice: { currency: 'EUR', amountMinor: 5 } }],
  total: { currency: 'EUR', amountMinor: 10 },
  version: 2,
  createdAt: at,
  updatedAt: at,
  status: 'PAID',
};

test('each event has bytes of its own, whatever is written after it, and whatever failed before', () => {
  const events = ['a', 'b'].map((id) => encodeOrderEvent({ id, order, occurredAt: at }));
  const impossible = { ...order, version: 0.5 };
  expect(() => encodeOrderEvent({ id: 'c', order: impossible, occurredAt: at })).toThrow();
  events.push(encodeOrderEvent({ id: 'd', order, occurredAt: at }));
  const read = events.map((bytes) => OrderEvent.decode(bytes));
  expect(read.map(({ id }) => id)).toEqual(['a', 'b', 'd']);
  for (const event of read) {
    expect(event).toMatchObject({
      order: { id: order.id, status: Order_Status.PAID, items: order.lines, total: order.total },
      occurTime: at,
    });
  }
});
