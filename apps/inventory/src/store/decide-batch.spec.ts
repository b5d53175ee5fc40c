import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Answer, ReserveRequest } from '../domain/decide.ts';
import { UNIT_PRICE, useInventory } from '../specs/use-inventory.ts';
import { decideBatch } from './decide-batch.ts';
import { holdAll } from './hold-all.ts';
import { createReservations } from './reservations.ts';
import { createVerdictStore } from './verdict-store.ts';

const inventory = useInventory();
const { connect, newProduct, left } = inventory;

const reserve = (sku: string, orderId: string = randomUUID()): ReserveRequest => ({
  kind: 'reserve',
  orderId,
  lines: [{ sku, quantity: 1, expectedUnitPrice: UNIT_PRICE }],
});

test('one batch decides in order: several of one SKU, the last unit, the same order twice, a release in between', async () => {
  const sku = await newProduct(2);
  const [one, two, three, four] = Array.from({ length: 4 }, () => reserve(sku));
  const requests = [
    one!,
    two!,
    one!,
    three!,
    { kind: 'release' as const, orderId: two!.orderId },
    four!,
    reserve('none'),
  ];
  const answers = await decideBatch(inventory.database, requests);
  expect(answers.map((answer) => (answer.ok ? answer.reservation.state : answer.error.reason))).toEqual([
    'HELD',
    'HELD',
    'HELD',
    'OUT_OF_STOCK',
    'RELEASED',
    'HELD',
    'UNKNOWN_SKU',
  ]);
  expect(await left(sku)).toBe(0);
  const again = await decideBatch(inventory.database, [two!, three!, four!]);
  expect(again.map((answer) => (answer.ok ? answer.reservation.state : answer.error.reason))).toEqual([
    'RESERVATION_RELEASED',
    'OUT_OF_STOCK',
    'HELD',
  ]);
  expect(again[2]).toEqual(answers[5]);
});

test('a verdict that somebody else writes first is found, and decided upon', async () => {
  const sku = await newProduct(10);
  const request = reserve(sku);
  const { orderId } = request;
  let released: Promise<readonly Answer[]> | undefined;
  await connect().transaction(async (tx) => {
    await holdAll({ ...inventory.database, query: (...statement) => tx.query(...statement) }, [request]);
    // It sees no verdict yet, and waits with its own.
    released = decideBatch(inventory.database, [{ kind: 'release', orderId }]);
    await expect
      .poll(() =>
        inventory.database.query(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO reservations%'`,
        ),
      )
      .toHaveLength(1);
  });
  expect((await released)?.[0]).toMatchObject({
    ok: true,
    reservation: { orderId, state: 'RELEASED', lines: request.lines },
  });
  expect(await left(sku)).toBe(10);
});

test('a process that froze while it held the locks holds nobody up for a second', async () => {
  const sku = await newProduct(10);
  const held = Promise.withResolvers<undefined>();
  const thaw = Promise.withResolvers<undefined>();
  const orderId = randomUUID();
  // All that a batch of another process has locked and written when it stops in the middle.
  const frozen = connect().transaction(
    async (tx) => {
      await decideBatch({ ...inventory.database, transaction: (work) => work(tx) }, [reserve(sku, orderId)]);
      held.resolve(undefined);
      await thaw.promise;
    },
    { attempts: 1 },
  );
  const woken = expect(frozen).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await held.promise;
  const begun = performance.now();
  const [answer] = await decideBatch(inventory.database, [reserve(sku, orderId)]);
  expect(performance.now() - begun).toBeLessThan(1_000);
  expect(answer?.ok).toBe(true);
  thaw.resolve(undefined);
  await woken;
  expect(await left(sku)).toBe(9);
});

test('concurrent requests share batches, and no row of the way is updated outside of its page', async () => {
  const skus = [await newProduct(10_000), await newProduct(10_000)];
  const store = createReservations({
    verdicts: createVerdictStore(inventory.database),
    monotonic: () => performance.now(),
  });
  await Promise.all(
    Array.from({ length: 2_000 }, async (_, index) => {
      const request = reserve(skus[index % 2]!);
      await store.decide(request);
      await store.decide({ kind: 'commit', orderId: request.orderId });
    }),
  );
  expect([await left(skus[0]!), await left(skus[1]!)]).toEqual([9_000, 9_000]);
  const [batches] = await inventory.database.query<{ count: number }>(
    'SELECT count(DISTINCT created_at) AS count FROM reservations WHERE lines @> $1::jsonb',
    [JSON.stringify([{ sku: skus[0] }])],
  );
  expect(batches!.count).toBeLessThan(200);

  await expect
    .poll(
      () =>
        inventory.database.query(
          `SELECT relname AS "table", n_tup_upd > 0 AS updated, n_tup_hot_upd >= 0.95 * n_tup_upd AS hot
           FROM pg_stat_user_tables WHERE relname IN ('products', 'reservations') ORDER BY relname`,
        ),
      { timeout: 10_000 },
    )
    .toEqual([
      { table: 'products', updated: true, hot: true },
      { table: 'reservations', updated: true, hot: true },
    ]);
});
