import { createPersist } from '../support/persist.ts';
import type { Promised } from './shoppers.ts';

const AT_ONCE = 16;
/** How many of the first orders are placed again, with their keys. */
const REPEATED = 100;

/**
 * What is not as somebody was told: an acknowledged order that is gone or stands elsewhere, a declined card that was charged, a good one that
 * was declined, a key that answers with another order than before. Asked once the shop is quiet.
 */
export async function brokenPromises(promised: readonly Promised[], gateways: readonly string[]): Promise<string[]> {
  const broken: string[] = [];
  const persist = createPersist({
    gateways: () => gateways,
    timeoutMs: 10_000,
    patienceMs: 30_000,
    onFailure: () => undefined,
  });

  async function check({ id, key, token, status, purchase }: Promised, repeat: boolean): Promise<void> {
    const { items, card } = purchase;
    if (card === 'tok_declined' ? status === 'PAID' : status === 'PAYMENT_FAILED') {
      broken.push(`${id}, paid with ${card}, is ${status}`);
    }
    const now = await persist({ method: 'GET', path: `/v1/orders/${id}`, token });
    if (now.status !== 200 || now.body.status !== status) {
      broken.push(`${id} was told to be ${status}, and is ${now.status} ${now.body.status}`);
    }
    if (!repeat) return;
    const again = await persist({
      method: 'POST',
      path: '/v1/orders',
      token,
      headers: { 'idempotency-key': key },
      body: { items, paymentToken: card },
    });
    const answered = again.status === 201 ? again.body.id : again.body.metadata?.['order_id'];
    if (answered !== id) broken.push(`${id} was placed again, with its key, and answered as ${answered ?? 'none'}`);
  }

  const left = promised.map((each, index) => [each, index < REPEATED] as const);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) await check(...next);
    }),
  );
  return broken;
}
