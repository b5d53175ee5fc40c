import { fc, test as property } from '@fast-check/vitest';
import { Agent, get as httpGet, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { OrderServiceDefinition, UserServiceDefinition } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { staticDiscovery, type ServerContext } from '@stampede/rpc';
import { startGateway, startService } from './spec/start-gateway.ts';

test('alive is one thing, ready another: every service needs an instance that can be reached', async () => {
  const discovery = staticDiscovery({
    user: [await startService('user', UserServiceDefinition, {})],
    order: [await startService('order', OrderServiceDefinition, {})],
    inventory: ['127.0.0.1:1'],
  });
  const lacking = await startGateway({ discovery });
  expect((await lacking.fastify.inject('/healthz')).statusCode).toBe(200);
  const response = await lacking.fastify.inject('/readyz');
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.json()).toMatchObject({ status: 503, reason: 'NOT_READY', metadata: { missing: 'inventory' } });
  const whole = await startGateway();
  expect((await whole.fastify.inject('/readyz')).statusCode).toBe(200);
});

test('reasons have the statuses of the contracts, and fields the names of JSON', async () => {
  const failures = [
    new AppError('FAILED_PRECONDITION', 'OUT_OF_STOCK', 'none left'),
    new AppError('FAILED_PRECONDITION', 'PAYMENT_DECLINED', 'declined'),
    new AppError('FAILED_PRECONDITION', 'IDEMPOTENCY_KEY_REUSED', 'reused'),
    new AppError('INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'x', {
      violations: [{ field: 'payment_token', description: 'x' }],
    }),
  ];
  const { fastify, signer } = await startGateway({
    order: { createOrder: () => Promise.reject(failures.shift() ?? new Error('enough')) },
  });
  const place = async () =>
    fastify.inject({
      method: 'POST',
      url: '/v1/orders',
      payload: {},
      headers: { 'idempotency-key': 'k', authorization: `Bearer ${await signer.sign()}` },
    });
  expect((await place()).statusCode).toBe(409);
  expect((await place()).statusCode).toBe(402);
  expect((await place()).statusCode).toBe(422);
  expect((await place()).json()).toMatchObject({ status: 400, violations: [{ field: 'paymentToken' }] });
});

test('metrics count calls by method and status', async () => {
  const { fastify } = await startGateway();
  await fastify.inject('/v1/orders');
  await fastify.inject('/v1/nothing');
  const page = (await fastify.inject('/metrics')).body;
  expect(page).toMatch(/rpc_server_duration_seconds_count\{[^}]*rpc_method="ListOrders"[^}]*code="401"[^}]*\} 1/);
  expect(page).toMatch(/rpc_server_duration_seconds_count\{[^}]*rpc_method="none"[^}]*code="404"[^}]*\} 1/);
});

test('the contracts of all three services are described, with their security', async () => {
  const { fastify } = await startGateway();
  const document = (await fastify.inject('/openapi.json')).json<{
    paths: Record<string, Record<string, { security: object[] }>>;
  }>();
  expect(
    Object.entries(document.paths)
      .flatMap(([path, item]) => Object.keys(item).map((verb) => `${verb} ${path}`))
      .sort(),
  ).toEqual([
    'get /.well-known/jwks.json',
    'get /v1/orders',
    'get /v1/orders/{id}',
    'get /v1/orders/{id}:watch',
    'get /v1/products',
    'get /v1/products/{sku}',
    'get /v1/users/me',
    'post /v1/orders',
    'post /v1/orders/{id}:cancel',
    'post /v1/orders/{id}:refund',
    'post /v1/orders/{id}:ship',
    'post /v1/products',
    'post /v1/products/{sku}:restock',
    'post /v1/sessions',
    'post /v1/sessions:refresh',
    'post /v1/sessions:revoke',
    'post /v1/stream-tickets',
    'post /v1/users',
  ]);
  expect(document.paths['/v1/products']?.['get']?.security).toEqual([]);
  expect(document.paths['/v1/products']?.['post']?.security).toEqual([{ bearer: [] }]);
});

/** A gateway whose ListOrders waits until it is told to answer. */
async function slowGateway(settings: Record<string, unknown>) {
  const answer = Promise.withResolvers<object>();
  let waiting = 0;
  const app = await startGateway({
    settings,
    order: {
      listOrders() {
        waiting++;
        return answer.promise;
      },
      async *watchOrder(_: unknown, { signal }: ServerContext) {
        yield { order: { id: 'o', userId: '', status: 1, reason: '', items: [], version: 1 } };
        await once(signal, 'abort');
      },
    },
  });
  const url = await app.fastify.listen({ host: '127.0.0.1', port: 0 });
  const authorization = `Bearer ${await app.signer.sign()}`;
  const ask = (path = '/v1/orders') => fetch(`${url}${path}`, { headers: { authorization } });
  return {
    ...app,
    url,
    authorization,
    ask,
    waiting: () => waiting,
    answer: () => answer.resolve({ orders: [], nextPageToken: '' }),
  };
}

test('beyond its room it answers 503 with Retry-After, streams and requests apart, and gives places back', async () => {
  const { ask, answer, waiting } = await slowGateway({ limits: { requests: 2, streams: 1 } });
  const busy = [ask(), ask()];
  await expect.poll(waiting).toBe(2);
  const refused = await ask();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ reason: 'OVERLOADED' });
  const stream = await ask('/v1/orders/o:watch');
  expect(stream.status).toBe(200);
  expect((await ask('/v1/orders/o:watch')).status).toBe(503);
  await stream.body?.cancel();
  await expect
    .poll(async () => {
      const { status, body } = await ask('/v1/orders/o:watch');
      await body?.cancel();
      return status;
    })
    .toBe(200);
  answer();
  expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await ask()).status).toBe(200);
});

test('a stop says not ready, closes connections as it answers, ends streams and finishes what is in flight', async () => {
  const { url, ask, answer, waiting, drain, authorization } = await slowGateway({ drainMs: 300 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const again = async (path: string) => {
    const [response] = (await once(httpGet(`${url}${path}`, { agent, headers: { authorization } }), 'response')) as [
      IncomingMessage,
    ];
    response.resume();
    await once(response, 'end');
    return response;
  };
  expect((await again('/healthz')).headers.connection).toBe('keep-alive');
  const inFlight = ask();
  const stream = await ask('/v1/orders/o:watch');
  const events = stream.text();
  await expect.poll(waiting).toBe(1);

  const drained = drain();
  const notReady = await again('/readyz');
  expect([notReady.statusCode, notReady.headers.connection]).toEqual([503, 'close']);
  expect((await again('/v1/products')).headers.connection).toBe('close');
  expect(await events).toContain('data: {"id":"o"');
  expect(await Promise.race([drained.then(() => 'drained'), sleep(50, 'in flight')])).toBe('in flight');
  answer();
  const last = await inFlight;
  expect([last.status, last.headers.get('connection')]).toEqual([200, 'close']);
  await drained;
  await expect(ask()).rejects.toThrow();
});

const shared = (() => {
  let started: Promise<{ fastify: Awaited<ReturnType<typeof startGateway>>['fastify']; token: string }> | undefined;
  return () =>
    (started ??= startGateway({
      user: {
        createUser: () => Promise.resolve({ user: undefined }),
        createSession: () => Promise.resolve({ accessToken: '', refreshToken: '', expiresIn: 1 }),
      },
      inventory: {
        listProducts: () => Promise.resolve({ products: [], nextPageToken: '' }),
        getProduct: () => Promise.resolve({ product: undefined }),
      },
      order: {
        createOrder: () =>
          Promise.resolve({ order: { id: 'o', userId: '', status: 2, reason: '', items: [], version: 1 } }),
        getOrder: () => Promise.resolve({ order: undefined }),
        listOrders: () => Promise.resolve({ orders: [], nextPageToken: '' }),
        cancelOrder: () => Promise.resolve({ order: undefined }),
        shipOrder: () => Promise.resolve({ order: undefined }),
        refundOrder: () => Promise.resolve({ order: undefined }),
        watchOrder: async function* () {
          yield await Promise.resolve({ order: undefined });
        },
      },
    }).then(async ({ fastify, signer }) => ({ fastify, token: await signer.sign() })));
})();

const order = fc.oneof(
  fc.json(),
  fc.string(),
  fc
    .record(
      {
        items: fc.oneof(fc.jsonValue(), fc.array(fc.record({ sku: fc.jsonValue(), quantity: fc.jsonValue() }))),
        paymentToken: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);
const path = fc.string({
  unit: fc.constantFrom(
    '/',
    '..',
    ':',
    ';',
    '?',
    '&',
    '=',
    '%00',
    '%2F',
    '%e2%82%ac',
    '.',
    'v1',
    'orders',
    'products',
    'users',
    'me',
    'sessions',
    'cancel',
    'watch',
    'pageSize',
    '1',
  ),
  maxLength: 10,
});
const odd = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});

property.prop(
  [fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'), path, order, odd, odd, fc.boolean()],
  { numRuns: 400 },
)('nothing that a client sends is a 5xx', async (method, target, payload, key, header, place) => {
  const { fastify, token } = await shared();
  const response = await fastify.inject({
    method: place ? 'POST' : method,
    url: place ? '/v1/orders' : `/v1/${target}`,
    payload: Buffer.from(payload),
    headers: {
      'content-type': place ? 'application/json' : header,
      authorization: `Bearer ${place ? token : header}`,
      'idempotency-key': key,
      prefer: header,
      traceparent: header,
      'x-request-id': header,
    },
  });
  expect(response.statusCode).toBeLessThan(500);
});
