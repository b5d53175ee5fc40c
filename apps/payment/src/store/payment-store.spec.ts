import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import { eventually, useDatabase } from '@stampede/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Change, Opening, Payment } from '../domain/payment.ts';
import type { PaymentStore } from '../domain/payment-store.ts';
import { createBeginning } from './begin-payments.ts';
import { changePayments } from './change-payments.ts';
import { createPaymentBooks } from './payment-books.ts';
import { createPaymentStore } from './payment-store.ts';
import { createUnsettledStore } from './unsettled-store.ts';

let db: Database;
beforeAll(async () => {
  db = connectDatabase({ url: await freshDatabase(), applicationName: 'spec' });
});
afterAll(() => db.close());

async function freshDatabase(): Promise<string> {
  const { url } = await useDatabase('payment');
  const directory = new URL('./migrations/', import.meta.url);
  await migrate({ url, directory, log: { info: vi.fn(), warn: vi.fn() } });
  return url;
}

const intentOf = (orderId = uuidv7(), amountMinor = 1_999) =>
  ({
    state: 'INTENDED',
    orderId,
    intent: { userId: uuidv7(), amount: { currency: 'EUR', amountMinor }, tokenHash: 'ab'.repeat(32) },
  }) as const satisfies Opening;

/** Moves an order's payment, which is read before. */
async function change(store: PaymentStore, orderId: string, next: Change): Promise<Payment | undefined> {
  const payment = await store.find(orderId);
  if (payment === undefined) throw new Error(`no payment ${orderId}`);
  return store.change(payment, next);
}

const claim = { leaseMs: 60_000, maxLeaseMs: 600_000, limit: 100 };

test('a row is begun once, by whoever comes first, and read back as it was written', async () => {
  const store = createPaymentStore(db);
  const opening = intentOf();
  const begun = await Promise.all(Array.from({ length: 10 }, () => store.begin(opening)));
  expect(begun.filter(({ created }) => created)).toHaveLength(1);
  for (const { payment } of begun) expect(payment).toMatchObject({ state: 'INTENDED', intent: opening.intent });
  expect((await store.begin({ state: 'VOIDED', orderId: opening.orderId })).payment.state).toBe('INTENDED');
});

test('a tombstone has no intent, and an intent that comes later meets it', async () => {
  const store = createPaymentStore(db);
  const opening = intentOf();
  const { created, payment } = await store.begin({ state: 'VOIDED', orderId: opening.orderId });
  expect({ created, payment }).toMatchObject({ created: true, payment: { state: 'VOIDED', intent: undefined } });
  expect(await store.begin(opening)).toEqual({ created: false, payment });
});

test('of ten who move a payment at once one wins, and the losers are told', async () => {
  const store = createPaymentStore(db);
  const { payment } = await store.begin(intentOf());
  const moves = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      index % 2 === 0
        ? store.change(payment, { from: 'INTENDED', to: 'CHARGED' })
        : store.change(payment, { from: 'INTENDED', to: 'VOIDING' }),
    ),
  );
  const winners = moves.filter((moved) => moved !== undefined);
  expect(winners).toHaveLength(1);
  expect(await store.find(payment.orderId)).toEqual(winners[0]);
});

test.each([1, 256])('the same order many times at once, in batches of %i: one row, one verdict', async (maxSize) => {
  const store = createPaymentStore(db, { limits: () => ({ maxSize }) });
  const openings = Array.from({ length: 50 }, () => intentOf());
  const begun = await Promise.all(openings.flatMap((opening) => [store.begin(opening), store.begin(opening)]));
  expect(begun.filter(({ created }) => created)).toHaveLength(50);
  const moved = await Promise.all(
    begun
      .filter(({ created }) => created)
      .flatMap(({ payment }) => [
        store.change(payment, { from: 'INTENDED', to: 'CHARGED' }),
        store.change(payment, { from: 'INTENDED', to: 'DECLINED', declineCode: 'late' }),
      ]),
  );
  expect(moved.map((payment) => payment?.state)).toEqual(openings.flatMap(() => ['CHARGED', undefined]));
});

test('what comes while a statement is at work is written by the next: 300 payments in few transactions', async () => {
  const store = createPaymentStore(db);
  const openings = Array.from({ length: 300 }, () => intentOf());
  await Promise.all(openings.map((opening) => store.begin(opening)));
  const [row] = await db.query<{ begun: number }>(
    'SELECT count(DISTINCT xmin::text) AS begun FROM payments WHERE order_id = ANY ($1)',
    [openings.map(({ orderId }) => orderId)],
  );
  expect(row!.begun).toBeLessThanOrEqual(3);
});

test('batches are answered one by one: new rows, existing rows, the same order twice', async () => {
  const [a, b, c] = [intentOf(), intentOf(), intentOf()];
  const begin = createBeginning(db);
  const [existing] = await begin([b]);
  const begun = await begin([c, b, a, { state: 'VOIDED', orderId: a.orderId }]);
  expect(begun.map(({ created, payment }) => [payment.orderId, created])).toEqual([
    [c.orderId, true],
    [b.orderId, false],
    [a.orderId, true],
    [a.orderId, false],
  ]);
  expect(begun[1]).toEqual({ ...existing, created: false });
  const [first, , second] = begun.map(({ payment }) => payment);
  const changed = await changePayments(
    db,
    [
      { payment: first!, change: { from: 'INTENDED', to: 'CHARGED' } },
      { payment: second!, change: { from: 'INTENDED', to: 'DECLINED', declineCode: 'card_declined' } },
      { payment: { ...first!, orderId: uuidv7() }, change: { from: 'INTENDED', to: 'CHARGED' } },
    ],
    { undoMs: 1 },
  );
  expect(changed.map((payment) => payment?.orderId)).toEqual([c.orderId, a.orderId, undefined]);
  expect(changed[1]).toMatchObject({ state: 'DECLINED', declineCode: 'card_declined' });
});

test.each<readonly Change[]>([
  [{ from: 'INTENDED', to: 'DECLINED', declineCode: 'card_declined' }],
  [
    { from: 'INTENDED', to: 'CHARGED' },
    { from: 'CHARGED', to: 'REFUNDING' },
    { from: 'REFUNDING', to: 'REFUNDED' },
  ],
  [
    { from: 'INTENDED', to: 'VOIDING' },
    { from: 'VOIDING', to: 'VOIDED' },
  ],
])('what is begun and what is moved is answered as it is read back', async (...changes) => {
  const store = createPaymentStore(db);
  let { payment } = await store.begin(intentOf());
  expect(await store.find(payment.orderId)).toEqual(payment);
  for (const next of changes) {
    const moved = await store.change(payment, next);
    expect(moved).toMatchObject({ state: next.to });
    payment = moved!;
    expect(await store.find(payment.orderId)).toEqual(payment);
  }
});

test.each([1, 256])('a paid order writes two rows, the second in place (HOT), in batches of %i', async (size) => {
  const url = await freshDatabase();
  const shop = connectDatabase({ url, applicationName: 'spec', max: 8 });
  const begin = createBeginning(shop);
  const orders = Array.from({ length: 1_024 }, () => intentOf());
  for (let start = 0; start < orders.length; start += size) {
    const batch = orders.slice(start, start + size);
    const begun = await begin(batch);
    const verdicts = begun.map(({ payment }) => ({ payment, change: { from: 'INTENDED', to: 'CHARGED' } as const }));
    const changed = await changePayments(shop, verdicts, { undoMs: 1 });
    expect(changed.map((payment) => payment?.state)).toEqual(batch.map(() => 'CHARGED'));
  }
  await shop.close(); // a session that ends reports what it wrote
  const auditor = connectDatabase({ url, applicationName: 'spec' });
  const written = () =>
    auditor.query<{ relname: string; ins: number; upd: number; hot: number }>(
      `SELECT relname, n_tup_ins AS ins, n_tup_upd AS upd, n_tup_hot_upd AS hot FROM pg_stat_user_tables
       WHERE relname IN ('payments', 'refunds', 'unsettled') AND n_tup_ins + n_tup_upd + n_tup_del > 0`,
    );
  await eventually(async () => {
    expect(await written()).toMatchObject([{ relname: 'payments', ins: 1_024, upd: 1_024 }]);
  });
  expect((await written())[0]?.hot).toBeGreaterThanOrEqual(1_014);
  await auditor.close();
});

test('a refund books the reverse transfer, and the books sum to zero', async () => {
  const store = createPaymentStore(db);
  const [paid, refunded, calledOff, voided] = [intentOf(), intentOf(), intentOf(), uuidv7()];
  for (const opening of [paid, refunded, calledOff]) await store.begin(opening);
  for (const { orderId } of [paid, refunded]) await change(store, orderId, { from: 'INTENDED', to: 'CHARGED' });
  await change(store, refunded.orderId, { from: 'CHARGED', to: 'REFUNDING' });
  await change(store, refunded.orderId, { from: 'REFUNDING', to: 'REFUNDED' });
  await change(store, calledOff.orderId, { from: 'INTENDED', to: 'VOIDING' });
  await change(store, calledOff.orderId, { from: 'VOIDING', to: 'REFUNDED' });
  await store.begin({ state: 'VOIDED', orderId: voided });

  const accounts = (orderId: string) =>
    db.query(
      'SELECT account, sum(amount_minor)::int8 AS sum FROM entries WHERE order_id = $1 GROUP BY account ORDER BY account',
      [orderId],
    );
  const customer = `customer:${paid.intent.userId}`;
  expect(await accounts(paid.orderId)).toEqual([
    { account: customer, sum: -1_999 },
    { account: 'shop', sum: 1_999 },
  ]);
  for (const { orderId, intent } of [refunded, calledOff]) {
    expect(await accounts(orderId)).toEqual([
      { account: `customer:${intent.userId}`, sum: 0 },
      { account: 'shop', sum: 0 },
    ]);
  }
  expect(await accounts(voided)).toEqual([]);
  const page = await createPaymentBooks(db).page(undefined, 10_000);
  expect(page.filter(({ transfersSumMinor }) => transfersSumMinor !== 0)).toEqual([]);
  expect(page.map(({ payment }) => payment.orderId)).toEqual(page.map(({ payment }) => payment.orderId).toSorted());
});

test('no row says what its state does not allow', async () => {
  const bad = (columns: string, values: string) =>
    expect(
      db.query(`INSERT INTO payments (order_id, ${columns}) VALUES (gen_random_uuid(), ${values})`),
    ).rejects.toThrow();
  await bad('state', `'CHARGED'`);
  await bad('state', `'PAID'`);
  await bad('state, user_id, amount_minor, currency, token_hash', `'CHARGED', gen_random_uuid(), 0, 'EUR', ''`);
  await bad('state, user_id, amount_minor, currency, token_hash', `'DECLINED', gen_random_uuid(), 5, 'EUR', ''`);
});

test('whoever began to undo is looked after when its time is up, by one instance at a time, until it is done', async () => {
  const unsettled = createUnsettledStore(db);
  const late = createPaymentStore(db, { undoMs: () => 60_000 });
  const due = createPaymentStore(db, { undoMs: () => 0 });
  const [busy, left] = [intentOf(), intentOf()];
  for (const opening of [busy, left]) await due.begin(opening);
  await change(late, busy.orderId, { from: 'INTENDED', to: 'VOIDING' });
  await change(due, left.orderId, { from: 'INTENDED', to: 'VOIDING' });

  const claims = (await Promise.all([unsettled.claim(claim), unsettled.claim(claim), unsettled.claim(claim)])).flat();
  expect(claims.filter(({ orderId }) => orderId === left.orderId)).toHaveLength(1);
  expect(claims.map(({ orderId }) => orderId)).not.toContain(busy.orderId);

  await change(due, left.orderId, { from: 'VOIDING', to: 'VOIDED' });
  await change(late, busy.orderId, { from: 'VOIDING', to: 'REFUNDED' });
  const rows = await db.query('SELECT 1 FROM unsettled WHERE order_id = ANY ($1)', [[left.orderId, busy.orderId]]);
  expect(rows).toEqual([]);
});

test('an intent that stands for too long is found, claimed with longer and longer leases, and taken off the list', async () => {
  const unsettled = createUnsettledStore(db);
  const old = intentOf();
  await createPaymentStore(db).begin(old);
  const ids = async (settings: Partial<typeof claim>) => {
    await unsettled.sweep(60_000);
    return (await unsettled.claim({ ...claim, ...settings })).map(({ orderId }) => orderId);
  };
  expect(await ids({})).not.toContain(old.orderId);

  await db.query(`UPDATE payments SET create_time = now() - interval '2 minutes' WHERE order_id = $1`, [old.orderId]);
  expect(await ids({ leaseMs: 0 })).toContain(old.orderId);
  expect(await ids({ leaseMs: 100 })).toContain(old.orderId);
  expect(await ids({})).not.toContain(old.orderId);
  const [row] = await db.query<{ ms: number; attempts: number }>(
    `SELECT attempts, extract(epoch FROM due_time - now()) * 1000 AS ms FROM unsettled WHERE order_id = $1`,
    [old.orderId],
  );
  expect(row?.attempts).toBe(2);
  expect(Number(row?.ms)).toBeLessThanOrEqual(200);
  await unsettled.release([old.orderId]);
  const cut = unsettled.sweep(60_000, () => Promise.reject(new Error('cut short')));
  await expect(cut).rejects.toThrow('cut short');
  expect(await db.query('SELECT 1 FROM unsettled WHERE order_id = $1', [old.orderId])).toEqual([]);
});
