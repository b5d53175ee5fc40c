import {
  int8Array,
  isContended,
  isUniqueViolation,
  sqlState,
  textArray,
  uuidArray,
  type Database,
  type Queryable,
} from '@stampede/postgres';
import type { Crash } from '../domain/crash-points.ts';
import type { Answer, ReserveRequest } from '../domain/decide.ts';
import { demandOf } from '../domain/demand.ts';
import { linesJson } from './reservation-row.ts';

/** How the sessions of this service join: rows are then locked in the order in which a statement names them. */
export const NESTED_LOOPS = { enable_hashjoin: 'off', enable_mergejoin: 'off' };

/**
 * Takes the units, then writes the verdicts if every SKU gave what was wanted of it at the price that was expected; otherwise not_all_held()
 * ends the transaction. Another batch that holds one of the rows is waited for, and the row looked at again. Rows are locked in
 * the order of $1 (NESTED_LOOPS). Should two batches wait for each other even so, one of them is decided otherwise.
 */
export const HOLD_ALL = `
WITH moved AS (
  UPDATE products p SET available = p.available - w.units
  FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) AS w (sku, units, currency, amount_minor)
  WHERE p.sku = w.sku AND p.available >= w.units AND p.currency = w.currency AND p.unit_price_minor = w.amount_minor
  RETURNING p.sku
), held AS (
  INSERT INTO reservations (order_id, state, lines, created_at, updated_at)
  SELECT order_id, 'HELD', lines::jsonb, now(), now() FROM unnest($5::uuid[], $6::text[]) AS r (order_id, lines)
  WHERE CASE WHEN (SELECT count(*) FROM moved) = cardinality($1::text[]) THEN true ELSE not_all_held() END
)
SELECT now()`;

/** What not_all_held() says. */
const NOT_ALL_HELD = 'ST001';

/** See `Verdicts`. */
export async function holdAll(
  database: Database,
  requests: readonly ReserveRequest[],
  crash?: Crash,
): Promise<readonly Answer[] | undefined> {
  const demands = demandOf(requests);
  if (demands === undefined) return undefined;
  const sorted = requests.toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1));
  const values = [
    textArray(demands.map(({ sku }) => sku)),
    int8Array(demands.map(({ units }) => units)),
    textArray(demands.map(({ unitPrice }) => unitPrice.currency)),
    int8Array(demands.map(({ unitPrice }) => unitPrice.amountMinor)),
    uuidArray(sorted.map(({ orderId }) => orderId)),
    textArray(sorted.map(({ lines }) => linesJson(lines))),
  ];
  const run = (on: Queryable) => on.query<{ now: Date }>(HOLD_ALL, values, { name: 'hold-all' });
  const rows = await (crash === undefined ? run(database) : between(database, run, crash)).catch((error: unknown) => {
    if (isOutOfTheOrdinary(error)) return undefined;
    throw error;
  });
  if (rows === undefined) return undefined;
  await crash?.('inventory.hold.after');
  const [answer] = rows;
  if (answer === undefined) throw new TypeError('a SELECT without FROM has one row');
  const { now } = answer;
  return requests.map(({ orderId, lines }) => ({
    ok: true,
    reservation: { orderId, lines, state: 'HELD', createdAt: now, updatedAt: now },
  }));
}

function isOutOfTheOrdinary(error: unknown): boolean {
  return sqlState(error) === NOT_ALL_HELD || isUniqueViolation(error, 'reservations_pkey') || isContended(error);
}

/** A lone statement is its own transaction; here it is written out, for the proofs that end the process in the middle of it. */
function between<T>(database: Database, run: (on: Queryable) => Promise<T>, crash: Crash): Promise<T> {
  return database.transaction(async (tx) => {
    await crash('inventory.hold.before');
    const result = await run(tx);
    await crash('inventory.hold.written');
    return result;
  });
}
