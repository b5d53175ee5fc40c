import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import type { Order } from './order.ts';
import type { Saga } from './ports.ts';
import { createSagaDriver } from './saga-driver.ts';

const at = new Date(0);
const paid = (id: string): Saga => {
  const price = { currency: 'EUR', amountMinor: 5 };
  const order: Order = {
    id,
    userId: 'somebody',
    idempotencyKey: id,
    requestHash: '',
    lines: [{ sku: 'tee', title: 'Tee', quantity: 1, unitPrice: price }],
    total: price,
    version: 2,
    createdAt: at,
    updatedAt: at,
    status: 'PAID',
  };
  return { order, paymentToken: 'tok_visa', expired: false };
};

/** Sagas of paid orders, each of which rests when its stock is sold. */
function driverOf() {
  const sold = new Map<string, () => void>();
  const handOver = vi.fn(() => Promise.resolve());
  const unwanted = () => Promise.reject(new Error('not of these sagas'));
  const driver = createSagaDriver({
    orders: { change: unwanted },
    sagas: { finish: () => Promise.resolve(), handOver, renew: unwanted, look: unwanted, claim: unwanted },
    inventory: {
      reserve: unwanted,
      commit: (id) => new Promise((resolve) => sold.set(id, resolve)),
      release: unwanted,
    },
    payments: { charge: unwanted, void: unwanted, refund: unwanted },
    catalog: { forget: () => undefined },
    feed: { publish: () => undefined },
    time: fakeClock(),
    random: () => 0.5,
    log: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
    settings: () => ({ maxActive: 2, leaseSeconds: 5, maxBackoffMs: 10 }),
  });
  return { driver, handOver, sell: (id: string) => sold.get(id)?.() };
}

test('who stops it waits for those that are driven, and not a moment longer', async () => {
  const { driver, handOver, sell } = driverOf();
  driver.drive(paid('a'));
  driver.drive(paid('b'));
  expect(driver.active).toBe(2);
  let stopped = false;
  const stopping = driver.stop(10_000).then(() => (stopped = true));
  sell('a');
  await vi.waitFor(() => expect(driver.active).toBe(1));
  expect(stopped).toBe(false);
  sell('b');
  await stopping; // the clock stands still
  expect(driver.active).toBe(0);
  expect(handOver).toHaveBeenCalledWith(expect.arrayContaining(['a', 'b']));
});

test('who stops it when nothing is driven waits for nothing', async () => {
  const { driver, handOver } = driverOf();
  await driver.stop(10_000);
  expect(handOver).not.toHaveBeenCalled();
});

test('there is room for another when one has come to a rest', async () => {
  const { driver, sell } = driverOf();
  driver.drive(paid('a'));
  driver.drive(paid('b'));
  expect(() => driver.admit()).toThrow('too many orders');
  sell('b');
  await vi.waitFor(() => expect(() => driver.admit()).not.toThrow());
});
