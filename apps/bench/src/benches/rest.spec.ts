import type { InjectOptions } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { TOKEN } from '../rest/door.ts';
import { serveHandWritten } from '../rest/hand-written.ts';
import { serveTranscoded } from '../rest/transcoded.ts';
import { rest } from './rest.ts';

const headers = { authorization: `Bearer ${TOKEN}`, 'idempotency-key': 'k1', 'x-request-id': 'r1' };
const place = (payload: unknown, more: Record<string, string> = {}): InjectOptions => ({
  method: 'POST',
  url: '/v1/orders',
  headers: { ...headers, 'content-type': 'application/json', ...more },
  payload: JSON.stringify(payload),
});
const items = [{ sku: 'a', quantity: 2 }];

test.each<[string, InjectOptions, number]>([
  ['an order', place({ items, paymentToken: 't' }), 201],
  ['an order of nothing', place({}), 201],
  ['an order read', { url: '/v1/orders/o%2F1', headers }, 200],
  ['no such order', { url: '/v1/orders/nothing', headers }, 404],
  ['none left', place({ items: [{ sku: 'gone', quantity: 1 }] }), 409],
  ['a bad token', { url: '/v1/orders/1', headers: { ...headers, authorization: 'Bearer x' } }, 401],
  ['two broken fields', place({ items: [{ sku: 1, quantity: 1.5 }] }), 400],
  ['an unknown field', place({ itmes: [] }), 400],
])('both servers answer alike: %s', async (_, ask, status) => {
  const answers = await Promise.all(
    [await serveTranscoded(), await serveHandWritten()].map(async (app) => {
      onTestFinished(() => app.close());
      const { statusCode, headers: got, body } = await app.inject(ask);
      const json = JSON.parse(body) as Record<string, unknown> & { violations?: { field: string }[] };
      // Ajv words and places what is wrong in its own way.
      const rest =
        status === 400 ? { code: json['code'], reason: json['reason'], count: json.violations?.length } : json;
      return {
        statusCode,
        type: got['content-type'],
        location: got['location'],
        id: got['x-request-id'],
        challenge: got['www-authenticate'],
        rest,
      };
    }),
  );
  expect(answers[0]?.statusCode).toBe(status);
  expect(answers[0]).toEqual(answers[1]);
});

test('in miniature: both servers, both requests', async () => {
  const scope = new AsyncDisposableStack();
  onTestFinished(() => scope.disposeAsync());
  const { signal } = new AbortController();
  const { figures, text } = await rest.run({ seconds: 0.2, rounds: 2, say: () => undefined, signal, scope });
  const results = figures['results'] as Record<string, number | string>[];
  expect(results.map(({ request, server }) => `${String(server)} ${String(request)}`)).toEqual([
    'stampede-rest POST /v1/orders',
    'hand-written POST /v1/orders',
    'stampede-rest GET /v1/orders/{id}',
    'hand-written GET /v1/orders/{id}',
  ]);
  for (const { requestsPerSecond } of results) expect(requestsPerSecond).toBeGreaterThan(0);
  expect(figures['ratios']).toEqual({
    'POST /v1/orders': expect.any(Number) as number,
    'GET /v1/orders/{id}': expect.any(Number) as number,
  });
  expect(text).toContain('stampede-rest / hand-written');
});
