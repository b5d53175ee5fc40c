import { readFile } from 'node:fs/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import createClient from 'openapi-fetch';
import { expect, onTestFinished, test } from 'vitest';
import { AppError } from '@stampede/errors';
import { describeApi, writeApiTypes } from '../spec/api-types.ts';
import type { paths } from '../spec/gen/api.ts';
import { startGateway } from '../spec/start-gateway.ts';

const described = describeApi();

test("redocly's recommended rules find no error and no warning", async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: await described, absoluteRef: '/openapi.json', config });
  expect(problems.map(({ severity, ruleId, message }) => `${severity} ${ruleId}: ${message}`)).toEqual([]);
});

test('the types of the client are those of the description (npm run generate)', async () => {
  const written = await readFile(new URL('../spec/gen/api.ts', import.meta.url), 'utf8');
  expect(await writeApiTypes(await described)).toBe(written);
});

test('every operation has an example of what is sent and what is answered, and the reasons of its failures', async () => {
  interface Content {
    content?: Record<string, { example?: unknown }>;
  }
  interface Operation {
    requestBody?: Content;
    responses: Record<string, Content>;
  }
  const document = JSON.parse(await described) as { paths: Record<string, Record<string, Operation>> };
  for (const item of Object.values(document.paths)) {
    for (const { requestBody, responses } of Object.values(item)) {
      const answers = Object.entries(responses).filter(([status]) => /^20/.test(status));
      expect(answers.length).toBeGreaterThan(0);
      for (const { content } of [...answers.map(([, answer]) => answer), ...(requestBody ? [requestBody] : [])])
        for (const media of Object.values(content ?? {})) expect(media.example).toBeDefined();
      for (const status of ['400', '429', '500', '503']) expect(Object.keys(responses)).toContain(status);
    }
  }
  const { responses } = document.paths['/v1/orders']!['post']!;
  expect(Object.keys(responses).filter((status) => /^4\d/.test(status))).toEqual([
    '400',
    '401',
    '402',
    '404',
    '409',
    '413',
    '415',
    '422',
    '429',
  ]);
  expect(JSON.stringify(responses['409'])).toContain('OUT_OF_STOCK');
});

/** What is written here is checked by the compiler against the description: it is half of this test. */
test('a client made from the description speaks with the gateway', async () => {
  const order = { id: 'o1', userId: 'ann', status: 2, reason: '', items: [], version: 1 };
  const { fastify, signer } = await startGateway({
    order: {
      createOrder: ({ items }: { items: { sku: string }[] }) =>
        items[0]?.sku === 'GONE'
          ? Promise.reject(new AppError('FAILED_PRECONDITION', 'OUT_OF_STOCK', 'none left'))
          : Promise.resolve({ order }),
      getOrder: ({ id }: { id: string }) => Promise.resolve({ order: { ...order, id } }),
    },
    inventory: {
      listProducts: ({ pageSize }: { pageSize: number }) =>
        Promise.resolve({
          products: [
            { sku: 'A', title: String(pageSize), unitPrice: { currency: 'EUR', amountMinor: 1999 }, available: 3 },
          ],
          nextPageToken: '',
        }),
    },
  });
  const baseUrl = await fastify.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => fastify.close());
  const client = createClient<paths>({ baseUrl });

  const products = await client.GET('/v1/products', { params: { query: { pageSize: 2 } } });
  const [product] = products.data?.products ?? [];
  const { amountMinor }: { amountMinor: string } = product?.unitPrice ?? { amountMinor: '' };
  expect([product?.sku, product?.title, amountMinor]).toEqual(['A', '2', '1999']);

  const headers = { authorization: `Bearer ${await signer.sign()}` };
  const place = (sku: string) =>
    client.POST('/v1/orders', {
      params: { header: { 'Idempotency-Key': 'k' } },
      body: { items: [{ sku, quantity: 1 }], paymentToken: 'tok' },
      headers,
    });
  const placed = await place('A');
  const status: 'PAID' | undefined = placed.data?.status === 'PAID' ? placed.data.status : undefined;
  expect([placed.response.status, status, placed.data?.id]).toEqual([201, 'PAID', 'o1']);
  const refused = await place('GONE');
  expect([refused.error?.status, refused.error?.reason, refused.error?.violations]).toEqual([409, 'OUT_OF_STOCK', []]);

  const params = { path: { id: 'a/b' } };
  const read = await client.GET('/v1/orders/{id}', { params, headers });
  expect(read.data?.id).toBe('a/b');
  const known = { 'If-None-Match': read.response.headers.get('etag') ?? '' };
  const again = await client.GET('/v1/orders/{id}', { params: { ...params, header: known }, headers });
  expect(again.response.status).toBe(304);
});
