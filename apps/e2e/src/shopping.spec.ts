import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { call, logIn, newProduct, newShopper, postJson, type OrderBody, type Shopper } from './support/shopper.ts';
import { auditStack, startStack, type Stack } from './support/stack.ts';

let stack: Stack;
let operator: Shopper;
let customer: Shopper;

beforeAll(async () => {
  stack = await startStack();
  operator = await logIn(stack, stack.operator);
  customer = await logIn(stack, stack.customer);
}, 150_000);
afterEach(async () => expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 }));
afterAll(async () => {
  await stack.stop();
  await stack.remove();
});

const ended = (shopper: Shopper, id: string, status: string) =>
  vi.waitFor(async () => expect((await shopper.get(`/v1/orders/${id}`)).body).toMatchObject({ status }), {
    timeout: 20_000,
    interval: 50,
  });

test('a dozen products are on the shelves, for everybody to see', async () => {
  const { status, body } = await call<{ products: object[] }>(`${stack.url}/v1/products`);
  expect(status).toBe(200);
  expect(body.products.length).toBeGreaterThanOrEqual(12);
  expect(await call(`${stack.url}/v1/products/tee-black`)).toMatchObject({
    status: 200,
    body: { sku: 'tee-black', title: 'T-shirt, black', unitPrice: { currency: 'EUR', amountMinor: '1999' } },
  });
  expect(await call(`${stack.url}/v1/products/no-such-thing`)).toMatchObject({
    status: 404,
    body: { reason: 'UNKNOWN_SKU' },
  });
});

test('registers, logs in, refreshes once, and is out after revoking', async () => {
  const account = { email: `${randomUUID()}@example.com`, password: 'correct horse battery', displayName: 'Ada' };
  expect(await postJson(`${stack.url}/v1/users`, account)).toMatchObject({
    status: 201,
    body: { email: account.email, displayName: 'Ada', roles: ['customer'] },
  });
  expect(await postJson(`${stack.url}/v1/users`, account)).toMatchObject({
    status: 409,
    body: { reason: 'EMAIL_TAKEN' },
  });
  const session = await postJson<{ accessToken: string; refreshToken: string; expiresIn: number }>(
    `${stack.url}/v1/sessions`,
    account,
  );
  expect(session).toMatchObject({ status: 400, body: { violations: [{ field: 'displayName' }] } });
  const { email, password } = account;
  const opened = await postJson<{ accessToken: string; refreshToken: string; expiresIn: number }>(
    `${stack.url}/v1/sessions`,
    { email, password },
  );
  expect(opened).toMatchObject({ status: 201, body: { expiresIn: expect.any(Number) as number } });
  const me = await call(`${stack.url}/v1/users/me`, {
    headers: { authorization: `Bearer ${opened.body.accessToken}` },
  });
  expect(me).toMatchObject({ status: 200, body: { email, displayName: 'Ada' } });
  const refresh = (refreshToken: string) =>
    postJson<{ refreshToken: string }>(`${stack.url}/v1/sessions:refresh`, { refreshToken });
  const next = await refresh(opened.body.refreshToken);
  expect(next.status).toBe(200);
  expect((await postJson(`${stack.url}/v1/sessions:revoke`, { refreshToken: next.body.refreshToken })).status).toBe(
    200,
  );
  expect(await refresh(next.body.refreshToken)).toMatchObject({ status: 401, body: { reason: 'BAD_REFRESH_TOKEN' } });
});

test('a wrong password and an unknown address are answered alike', async () => {
  const wrong = await postJson(`${stack.url}/v1/sessions`, {
    email: stack.customer.email,
    password: 'not the password',
  });
  const unknown = await postJson(`${stack.url}/v1/sessions`, {
    email: 'nobody@example.com',
    password: 'not the password',
  });
  const told = ({ status, body: { title, detail, reason } }: typeof wrong) => ({ status, title, detail, reason });
  expect(told(wrong)).toMatchObject({ status: 401, reason: 'BAD_CREDENTIALS' });
  expect(told(unknown)).toEqual(told(wrong));
});

test('only operators make, restock, ship and refund', async () => {
  const sku = await newProduct(operator, 5);
  expect(
    await customer.post('/v1/products', {
      sku: 'mine',
      title: 'Mine',
      unitPrice: { currency: 'EUR', amountMinor: 1 },
      available: 1,
    }),
  ).toMatchObject({ status: 403 });
  expect(await customer.post(`/v1/products/${sku}:restock`, { quantity: 5 })).toMatchObject({ status: 403 });
  expect(await operator.post(`/v1/products/${sku}:restock`, { quantity: 5 })).toMatchObject({
    status: 200,
    body: { available: 10 },
  });
  const { body: order } = await customer.buy([{ sku, quantity: 1 }]);
  expect(await customer.post(`/v1/orders/${order.id}:ship`)).toMatchObject({ status: 403 });
  expect(await customer.post(`/v1/orders/${order.id}:refund`)).toMatchObject({ status: 403 });
  expect(await operator.post(`/v1/orders/${order.id}:ship`)).toMatchObject({
    status: 200,
    body: { status: 'SHIPPED' },
  });
  expect(await customer.post(`/v1/orders/${order.id}:cancel`)).toMatchObject({
    status: 409,
    body: { reason: 'ILLEGAL_TRANSITION' },
  });
  const second = await customer.buy([{ sku, quantity: 2 }]);
  expect(await operator.post(`/v1/orders/${second.body.id}:refund`)).toMatchObject({ status: 200 });
  await ended(customer, second.body.id, 'REFUNDED');
  expect((await customer.get(`/v1/products/${sku}`)).body).toMatchObject({ available: 9 });
});

test('an order is paid, told where it is, and read and listed by its owner', async () => {
  const shopper = await newShopper(stack);
  const bought = await shopper.buy([{ sku: 'tee-white', quantity: 2 }]);
  expect(bought).toMatchObject({
    status: 201,
    body: {
      status: 'PAID',
      items: [{ sku: 'tee-white', quantity: 2 }],
      total: { currency: 'EUR', amountMinor: '3998' },
    },
  });
  expect(bought.headers.get('location')).toBe(`/v1/orders/${bought.body.id}`);
  expect((await shopper.get(`/v1/orders/${bought.body.id}`)).body).toMatchObject({
    id: bought.body.id,
    status: 'PAID',
  });
  for (const sku of ['mug-herd', 'tote-canvas']) await shopper.buy([{ sku, quantity: 1 }]);
  const first = await shopper.get<{ orders: OrderBody[]; nextPageToken: string }>('/v1/orders?pageSize=2');
  const second = await shopper.get<{ orders: OrderBody[]; nextPageToken: string }>(
    `/v1/orders?pageSize=2&pageToken=${encodeURIComponent(first.body.nextPageToken)}`,
  );
  expect([...first.body.orders, ...second.body.orders].map(({ items }) => items[0]?.sku)).toEqual([
    'tote-canvas',
    'mug-herd',
    'tee-white',
  ]);
  expect(second.body.nextPageToken).toBe('');
});

test("another's order is not found, on any route; operators find it", async () => {
  const { body: order } = await customer.buy([{ sku: 'tee-black', quantity: 1 }]);
  const other = await newShopper(stack);
  const notFound = { status: 404, body: { reason: 'ORDER_NOT_FOUND' } };
  expect(await other.get(`/v1/orders/${order.id}`)).toMatchObject(notFound);
  expect(await other.get(`/v1/orders/${order.id}:watch`)).toMatchObject(notFound);
  for (const verb of ['cancel', 'ship', 'refund']) {
    expect((await other.post(`/v1/orders/${order.id}:${verb}`)).status).toBe(404);
  }
  expect((await operator.get(`/v1/orders/${order.id}`)).status).toBe(200);
});

test('the same key ten times at once: one order, one charge, ten times the same id; another request with it: 422', async () => {
  const sku = await newProduct(operator, 100);
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 10 }, () => customer.buy([{ sku, quantity: 1 }], { key })));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 201));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect((await customer.get(`/v1/products/${sku}`)).body).toMatchObject({ available: 99 });
  expect(await customer.buy([{ sku, quantity: 2 }], { key })).toMatchObject({
    status: 422,
    body: { reason: 'IDEMPOTENCY_KEY_REUSED' },
  });
});

test('declined: 402, the stock is back, and asked again it is declined again', async () => {
  const sku = await newProduct(operator, 4);
  const key = randomUUID();
  const buy = () => customer.buy([{ sku, quantity: 3 }], { paymentToken: 'tok_declined', key });
  const declined = await buy();
  expect(declined).toMatchObject({ status: 402, body: { reason: 'PAYMENT_DECLINED' } });
  await ended(
    customer,
    declined.body.metadata?.['orderId'] ?? declined.body.metadata?.['order_id'] ?? '',
    'PAYMENT_FAILED',
  );
  expect((await customer.get(`/v1/products/${sku}`)).body).toMatchObject({ available: 4 });
  expect(await buy()).toMatchObject({ status: 402, body: { reason: 'PAYMENT_DECLINED' } });
});

test.each(['tok_unknown', 'tok_timeout'])('%s: one charge, and the order ends PAID', async (paymentToken) => {
  const sku = await newProduct(operator, 4);
  const { status, body } = await customer.buy([{ sku, quantity: 1 }], { paymentToken });
  expect([201, 202]).toContain(status);
  await ended(customer, body.id, 'PAID');
  expect((await customer.get(`/v1/products/${sku}`)).body).toMatchObject({ available: 3 });
});

test('who prefers not to wait gets 202 and an address that tells the outcome', async () => {
  const { status, body, headers } = await customer.buy([{ sku: 'tee-black', quantity: 1 }], {
    prefer: 'respond-async',
  });
  expect({ status, body }).toMatchObject({ status: 202, body: { status: 'PENDING' } });
  expect(headers.get('location')).toBe(`/v1/orders/${body.id}`);
  await ended(customer, body.id, 'PAID');
});

test('watches an order until it is done', async () => {
  const sku = await newProduct(operator, 4);
  const { body } = await customer.buy([{ sku, quantity: 1 }], { prefer: 'respond-async' });
  const response = await fetch(`${stack.url}/v1/orders/${body.id}:watch`, {
    headers: { authorization: `Bearer ${customer.token}`, accept: 'text/event-stream' },
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const statuses: string[] = [];
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /^data: ?(.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data === undefined) continue;
      const { status } = JSON.parse(data) as Partial<OrderBody>;
      // The frame that ends the stream, which may come in one chunk with the last order, has none.
      if (status === undefined) continue;
      statuses.push(status);
      if (statuses.at(-1) === 'PAID') await operator.post(`/v1/orders/${body.id}:ship`);
    }
    if (statuses.at(-1) === 'SHIPPED') break;
  }
  expect(statuses.at(-1)).toBe('SHIPPED');
  expect(statuses).toContain('PAID');
});

test('cancel racing pay: one of both, never a charge without an order nor units lost', async () => {
  const sku = await newProduct(operator, 30);
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const { body } = await customer.buy([{ sku, quantity: 1 }], { prefer: 'respond-async' });
      await customer.post(`/v1/orders/${body.id}:cancel`);
      return vi.waitFor(
        async () => {
          const { status } = (await customer.get<OrderBody>(`/v1/orders/${body.id}`)).body;
          expect(['PAID', 'CANCELLED']).toContain(status);
          return status;
        },
        { timeout: 20_000, interval: 50 },
      );
    }),
  );
  const paid = outcomes.filter((status) => status === 'PAID').length;
  await vi.waitFor(async () =>
    expect((await customer.get(`/v1/products/${sku}`)).body).toMatchObject({ available: 30 - paid }),
  );
});
