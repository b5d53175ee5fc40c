import {
  int8Array,
  isUniqueViolation,
  jsonbArray,
  textArray,
  uuidArray,
  type Database,
  type Queryable,
} from '@stampede/postgres';
import { crashPointsOf, type Crash } from '../domain/crash-points.ts';
import { decide, type Answer, type Decision, type Locked, type Request } from '../domain/decide.ts';
import type { Reservation } from '../domain/reservation.ts';
import { PRODUCT_COLUMNS, toProduct, type ProductRow } from './product-row.ts';
import { linesJson, RESERVATION_COLUMNS, toReservation, type ReservationRow } from './reservation-row.ts';

/** How often a batch is decided anew because somebody else decided one of its orders meanwhile: each time there is one fewer. */
const ATTEMPTS = 5;

/**
 * Decides a batch in one transaction: locks, decides, writes; two rounds to the database, BEGIN and COMMIT included (where it is connected with
 * `pipeline`), nothing else awaited in between. Locks are taken in two classes, verdicts before SKUs, each sorted, so that no two batches ever wait for each other in a circle.
 * A verdict that did not exist cannot be locked: where somebody else writes it first, the key of the table says so, and all is decided anew.
 * When it rejects, nothing was decided, or (CommitUnknownError) it is not known: the same request asked again finds the verdict or makes it.
 */
export async function decideBatch(
  database: Database,
  requests: readonly Request[],
  crash?: Crash,
): Promise<readonly Answer[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await decideOnce(database, requests, crash);
    } catch (error) {
      if (attempt >= ATTEMPTS || !isUniqueViolation(error, 'reservations_pkey')) throw error;
    }
  }
}

async function decideOnce(database: Database, requests: readonly Request[], crash?: Crash): Promise<readonly Answer[]> {
  const { answers, reached } = await database.transaction(async (tx) => {
    const locked = await lock(tx, requests);
    const decision = decide(locked, requests);
    const reached = crash && crashPointsOf(decision, crash);
    await reached?.('before');
    const writes = write(tx, decision, locked);
    if (reached !== undefined) {
      await Promise.all(writes);
      await reached('written');
    }
    return { answers: decision.answers, reached };
  });
  await reached?.('after');
  return answers;
}

const NOW = 'SELECT now()';

/** Each statement sees what was committed before it began, and of a row what was committed before it was locked. */
const LOCK_VERDICTS = `
  SELECT ${RESERVATION_COLUMNS} FROM reservations WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id FOR UPDATE`;

/** The SKUs that reservations name, and those that releases may return units to. */
const LOCK_PRODUCTS = `
  SELECT ${PRODUCT_COLUMNS} FROM products
  WHERE sku = ANY (ARRAY(
    SELECT unnest($1::text[])
    UNION
    SELECT line ->> 'sku' FROM reservations, jsonb_array_elements(lines) AS line
    WHERE order_id = ANY ($2::uuid[]) AND state IN ('HELD', 'COMMITTED')
  ))
  ORDER BY sku FOR UPDATE`;

async function lock(tx: Queryable, requests: readonly Request[]): Promise<Locked> {
  const ids = [...new Set(requests.map(({ orderId }) => orderId))];
  const wanted = new Set(
    requests.flatMap((request) => (request.kind === 'reserve' ? request.lines : [])).map((line) => line.sku),
  );
  const releases = requests.filter(({ kind }) => kind === 'release').map(({ orderId }) => orderId);
  const needsProducts = wanted.size > 0 || releases.length > 0;
  const [times, verdicts, products] = await Promise.all([
    tx.query<{ now: Date }>(NOW, [], { name: 'now' }),
    tx.query<ReservationRow>(LOCK_VERDICTS, [uuidArray(ids)], { name: 'verdicts-lock' }),
    needsProducts
      ? tx.query<ProductRow>(LOCK_PRODUCTS, [textArray([...wanted]), uuidArray(releases)], { name: 'products-lock' })
      : ([] as readonly ProductRow[]),
  ]);
  return {
    verdicts: new Map(verdicts.map((row) => [row.order_id, toReservation(row)])),
    products: new Map(products.map((row) => [row.sku, toProduct(row)])),
    now: times[0]?.now ?? new Date(Number.NaN),
  };
}

const INSERT_VERDICTS = `
  INSERT INTO reservations (order_id, state, lines, refusal, created_at, updated_at)
  SELECT order_id, state::reservation_state, lines::jsonb, refusal, now(), now()
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) AS new (order_id, state, lines, refusal)`;

const UPDATE_VERDICTS = `
  UPDATE reservations SET state = new.state::reservation_state, updated_at = now()
  FROM unnest($1::uuid[], $2::text[]) AS new (order_id, state)
  WHERE reservations.order_id = new.order_id`;

const UPDATE_PRODUCTS = `
  UPDATE products SET available = available + moved.units
  FROM unnest($1::text[], $2::bigint[]) AS moved (sku, units)
  WHERE products.sku = moved.sku`;

function write(tx: Queryable, { changed, deltas }: Decision, { verdicts }: Locked): readonly Promise<unknown>[] {
  const all = [...changed.values()];
  // In the order in which others write them, too.
  const added = all.filter(({ orderId }) => !verdicts.has(orderId)).sort((a, b) => (a.orderId < b.orderId ? -1 : 1));
  const moved = all.filter(({ orderId }) => verdicts.has(orderId));
  const writes: Promise<unknown>[] = [];
  if (added.length > 0) writes.push(tx.query(INSERT_VERDICTS, columns(added), { name: 'verdicts-insert' }));
  if (moved.length > 0) {
    const values = [uuidArray(moved.map(({ orderId }) => orderId)), textArray(moved.map(({ state }) => state))];
    writes.push(tx.query(UPDATE_VERDICTS, values, { name: 'verdicts-update' }));
  }
  if (deltas.size > 0) {
    const values = [textArray([...deltas.keys()]), int8Array([...deltas.values()])];
    writes.push(tx.query(UPDATE_PRODUCTS, values, { name: 'products-update' }));
  }
  return writes;
}

function columns(rows: readonly Reservation[]): unknown[] {
  return [
    uuidArray(rows.map(({ orderId }) => orderId)),
    textArray(rows.map(({ state }) => state)),
    textArray(rows.map(({ lines }) => linesJson(lines))),
    jsonbArray(rows.map((row) => (row.state === 'REFUSED' ? row.refusal : null))),
  ];
}
