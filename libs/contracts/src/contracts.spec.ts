import { expect, test } from 'vitest';
import * as contracts from './index.ts';

const services = [
  contracts.UserServiceDefinition,
  contracts.InventoryServiceDefinition,
  contracts.OrderServiceDefinition,
  contracts.PaymentServiceDefinition,
];
const methods = services.flatMap((service) =>
  Object.values(service.methods as Record<string, { name: string; options: object }>).map((method) => ({
    service,
    method,
  })),
);

test('what a message says survives the wire', () => {
  const order: contracts.Order = {
    id: '0198b2a4-7f00-7000-8000-000000000001',
    userId: '0198b2a4-7f00-7000-8000-000000000002',
    status: contracts.Order_Status.PAID,
    reason: '',
    items: [{ sku: 'tee-black', title: 'Tee', quantity: 2, unitPrice: { currency: 'EUR', amountMinor: 1999 } }],
    total: { currency: 'EUR', amountMinor: 3998 },
    version: 2,
    createTime: new Date(1_750_000_000_123),
    updateTime: new Date(1_750_000_000_456),
  };
  expect(contracts.Order.decode(contracts.Order.encode(order).finish())).toEqual(order);
});

test.each(methods)('$service.name.$method.name that only reads says so', ({ method }) => {
  const reads = /^(Get|List|BatchGet|Watch|Export)/.test(method.name);
  expect(method.options).toMatchObject(reads ? { idempotencyLevel: 'NO_SIDE_EFFECTS' } : {});
  if (!reads) expect(method.options).not.toMatchObject({ idempotencyLevel: 'NO_SIDE_EFFECTS' });
});

test('the descriptors hold every service', async () => {
  const text = Buffer.from(await contracts.descriptorSet()).toString('latin1');
  for (const service of services) expect(text).toContain(service.name);
});
