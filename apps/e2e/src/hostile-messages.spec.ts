import { fc } from '@fast-check/vitest';
import {
  InventoryServiceDefinition as Inventory,
  OrderServiceDefinition as Orders,
  PaymentServiceDefinition as Payments,
  UserServiceDefinition as Users,
} from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { methodShape, type MethodDefinition, type ServiceDefinition } from '@stampede/rpc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mutation } from './support/mutations.ts';
import { insiderOf, type Insider } from './support/services.ts';
import { instancesOf, startStack, type Stack } from './support/stack.ts';

/** Messages for each method; STAMPEDE_HOSTILE_RUNS for more. */
const RUNS = Number(process.env['STAMPEDE_HOSTILE_RUNS'] ?? 25);
const SERVICES = ['user', 'inventory', 'order', 'payment'] as const;

const id = '0198b2a4-7f00-7000-8000-000000000001';
const price = { currency: 'EUR', amountMinor: 1_000 };
const account = { email: 'fuzz@example.com', password: 'correct horse battery', displayName: 'Fuzz' };
const page = { pageSize: 10, pageToken: 'abc' };

type Service = (typeof SERVICES)[number];
type Sample = readonly [service: Service, definition: ServiceDefinition, method: MethodDefinition, good: Uint8Array];
const sample = <M extends MethodDefinition>(
  service: Service,
  definition: ServiceDefinition,
  method: M,
  good: Parameters<M['requestType']['encode']>[0],
): Sample => [service, definition, method, method.requestType.encode(good).finish()];

const { methods: user } = Users;
const { methods: inventory } = Inventory;
const { methods: order } = Orders;
const { methods: payment } = Payments;

/** A good request for every method of every contract. */
const SAMPLES: readonly Sample[] = [
  sample('user', Users, user.createUser, account),
  sample('user', Users, user.getCurrentUser, {}),
  sample('user', Users, user.createSession, account),
  sample('user', Users, user.refreshSession, { refreshToken: 'token' }),
  sample('user', Users, user.revokeSession, { refreshToken: 'token' }),
  sample('user', Users, user.getJwks, {}),
  sample('user', Users, user.provisionUser, { ...account, roles: ['customer'] }),
  sample('inventory', Inventory, inventory.listProducts, page),
  sample('inventory', Inventory, inventory.getProduct, { sku: 'tee-black' }),
  sample('inventory', Inventory, inventory.batchGetProducts, { skus: ['tee-black', 'mug'] }),
  sample('inventory', Inventory, inventory.createProduct, {
    sku: 'fuzz',
    title: 'Fuzz',
    unitPrice: price,
    available: 3,
  }),
  sample('inventory', Inventory, inventory.restockProduct, { sku: 'tee-black', quantity: 1, requestId: id }),
  sample('inventory', Inventory, inventory.reserveStock, {
    orderId: id,
    lines: [{ sku: 'tee-black', quantity: 1, expectedUnitPrice: price }],
  }),
  sample('inventory', Inventory, inventory.commitReservation, { orderId: id }),
  sample('inventory', Inventory, inventory.batchCommitReservations, { orderIds: [id] }),
  sample('inventory', Inventory, inventory.releaseReservation, { orderId: id }),
  sample('inventory', Inventory, inventory.exportStock, {}),
  sample('inventory', Inventory, inventory.exportReservations, {}),
  sample('order', Orders, order.createOrder, {
    items: [{ sku: 'tee-black', quantity: 1 }],
    paymentToken: 'tok_visa',
    idempotencyKey: 'fuzz',
    respondAsync: true,
  }),
  sample('order', Orders, order.getOrder, { id }),
  sample('order', Orders, order.listOrders, page),
  sample('order', Orders, order.cancelOrder, { id }),
  sample('order', Orders, order.shipOrder, { id }),
  sample('order', Orders, order.refundOrder, { id }),
  sample('order', Orders, order.watchOrder, { id }),
  sample('order', Orders, order.exportOrders, {}),
  sample('payment', Payments, payment.charge, { orderId: id, userId: id, amount: price, paymentToken: 'tok_visa' }),
  sample('payment', Payments, payment.void, { orderId: id }),
  sample('payment', Payments, payment.refund, { orderId: id }),
  sample('payment', Payments, payment.getPayment, { orderId: id }),
  sample('payment', Payments, payment.exportPayments, {}),
];

let stack: Stack;
let insider: Insider;
beforeAll(async () => {
  stack = await startStack();
  insider = await insiderOf(stack, SERVICES);
}, 150_000);
afterAll(async () => {
  await insider.close();
  await stack.stop();
  await stack.remove();
});

test('there is a good request for every method of every contract', () => {
  const all = [Users, Inventory, Orders, Payments].flatMap(({ fullName, methods }) =>
    Object.values(methods).map(({ name }) => `${fullName}/${name}`),
  );
  expect(SAMPLES.map(([, { fullName }, { name }]) => `${fullName}/${name}`).sort()).toEqual(all.sort());
});

const caller = fc.constantFrom('gateway', 'order', 'audit', 'stranger');
const who = fc.constantFrom(
  { id: '0198b2a4-7f00-7000-8000-0000000000aa', roles: ['operator'] },
  { id: '0198b2a4-7f00-7000-8000-0000000000bb', roles: ['customer'] },
  { id: 'nobody', roles: [] },
);

/** What a peer's input may come to. INTERNAL, UNKNOWN, DATA_LOSS and UNAVAILABLE would be ours. */
const THEIRS = new Set([
  ...['OK', 'INVALID_ARGUMENT', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'UNAUTHENTICATED'],
  ...['FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'RESOURCE_EXHAUSTED'],
]);

async function ask(
  [service, definition, method]: Sample,
  bytes: Uint8Array,
  as: string,
  user: { readonly id: string; readonly roles: readonly string[] },
) {
  const shape = { ...methodShape(definition, method), encode: (message: Uint8Array) => message };
  const channel = insider.channel(service, as);
  try {
    if (!method.responseStream) {
      await channel.unary(shape, bytes, { user });
    } else {
      const answers = channel.serverStream(shape, bytes, { user, deadlineMs: 10_000 })[Symbol.asyncIterator]();
      await answers.next();
      await answers.return?.();
    }
    return { code: 'OK', reason: '', fields: [] };
  } catch (error) {
    const { code, reason, violations } = AppError.from(error);
    return { code, reason, fields: violations.map(({ field }) => field) };
  }
}

test.each(SAMPLES.map((each) => [`${each[1].name}/${each[2].name}`, each] as const))(
  'whatever bytes come to %s, the answer is a typed error that is the peer’s, and the process lives',
  async (_name, one) => {
    const pids = SERVICES.flatMap((service) => instancesOf(stack, service));
    await fc.assert(
      fc.asyncProperty(mutation, caller, who, async (mutate, as, user) => {
        const answer = await ask(one, mutate(one[3]), as, user);
        expect(THEIRS).toContain(answer.code);
        if (answer.code !== 'OK') expect(answer.reason).toMatch(/^[A-Z][A-Z0-9_]+$/);
        if (answer.code === 'INVALID_ARGUMENT' && answer.reason !== 'MALFORMED_MESSAGE') {
          expect(answer.fields.length).toBeGreaterThan(0);
          expect(answer.fields).not.toContain('');
        }
      }),
      { numRuns: RUNS },
    );
    expect(SERVICES.flatMap((service) => instancesOf(stack, service))).toEqual(pids);
  },
);
