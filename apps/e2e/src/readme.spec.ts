import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OrderBody } from './support/shopper.ts';
import { ROOT, auditStack, startStack, type Stack } from './support/stack.ts';

const bash = async (script: string): Promise<string> =>
  (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script])).stdout;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
}, 150_000);
afterAll(async () => {
  expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 });
  await stack.stop();
  await stack.remove();
});

test("the README's lines buy something, as printed but for the port", async () => {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
  const lines = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, block]) => block!)
    .find((block) => block.includes('Idempotency-Key'));
  // Every answer on a line of its own: curl ends none.
  const script = lines!.replaceAll('http://127.0.0.1:8080', stack.url).replaceAll(/\n\n/g, '\necho\n');
  const answers = (await bash(script)).split('\n').filter((line) => line !== '');
  const [products, user, order, orders] = answers.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect((products as { products: unknown[] }).products.length).toBeGreaterThanOrEqual(12);
  expect(user).toMatchObject({ email: 'ada@example.com' });
  expect(order).toMatchObject({ status: 'PAID', total: { amountMinor: '3998' } });
  expect(orders).toMatchObject({ orders: [{ id: order!['id'] }] });
});

test('each of the three lines that npm start prints works by itself', async () => {
  const lines = stack
    .printed()
    .split('\n')
    .filter((line) => line.startsWith('curl '));
  expect(lines).toHaveLength(3);
  const [products, order, orders] = await lines.reduce<Promise<unknown[]>>(
    async (answers, line) => [...(await answers), JSON.parse(await bash(line)) as unknown],
    Promise.resolve([]),
  );
  expect((products as { products: unknown[] }).products.length).toBeGreaterThanOrEqual(12);
  expect(order).toMatchObject({ status: 'PAID' });
  expect((orders as { orders: OrderBody[] }).orders.map(({ id }) => id)).toContain((order as OrderBody).id);
});
