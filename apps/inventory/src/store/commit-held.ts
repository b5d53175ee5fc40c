import { uuidArray, type Database } from '@stampede/postgres';
import type { Crash } from '../domain/crash-points.ts';

const COMMIT_HELD = `
  UPDATE reservations SET state = 'COMMITTED', updated_at = now()
  WHERE order_id = ANY ($1::uuid[]) AND state = 'HELD'
  RETURNING order_id`;

/**
 * Turns held reservations into committed ones, in one statement: what is held may always be sold, so there is nothing to read and to decide. Its row
 * locks are enough: who decides on the same order meanwhile reads it either before or after, and both may be. Answers those that were held.
 */
export async function commitHeld(
  database: Database,
  orderIds: readonly string[],
  crash?: Crash,
): Promise<ReadonlySet<string>> {
  const ids = uuidArray(orderIds.toSorted());
  const { committed } = await database.transaction(async (tx) => {
    await crash?.('inventory.sell.before'); // whether anything is held is known only then
    const committed = tx.query<{ order_id: string }>(COMMIT_HELD, [ids], { name: 'held-commit' });
    if (crash !== undefined && (await committed).length > 0) await crash('inventory.sell.written');
    return { committed }; // not awaited: COMMIT travels in the same pipe
  });
  const rows = await committed;
  if (rows.length > 0) await crash?.('inventory.sell.after');
  return new Set(rows.map(({ order_id }) => order_id));
}
