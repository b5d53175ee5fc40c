import { Order_Status, Payment_State, Reservation_State } from '@stampede/contracts';
import type { Shop } from './shop.ts';

/**
 * What is wrong, once things are quiet: the invariants of an order's life over what the orders, their events and the participants say.
 * Waits up to ten seconds for sagas to be done.
 */
export async function auditShop({ db, participants }: Shop): Promise<readonly string[]> {
  for (let n = 0; n < 200; n += 1) {
    const [row] = await db.query<{ left: number }>('SELECT count(*) AS left FROM sagas');
    if (row?.left === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const wrong: string[] = [];
  const orders = await db.query<{ id: string; status: string; total: number; unfinished: boolean; told: string[] }>(
    `SELECT o.id, o.status, o.total_minor AS total, EXISTS (SELECT FROM sagas s WHERE s.order_id = o.id) AS unfinished,
       ARRAY(SELECT e.status FROM outbox e WHERE e.order_id = o.id ORDER BY e.version) AS told
     FROM orders o`,
  );
  const known = new Set(orders.map(({ id }) => id));
  for (const { id, status, total, unfinished, told } of orders) {
    const taken = status === 'PAID' || status === 'SHIPPED';
    const stock = participants.reservations.get(id)?.state;
    const money = participants.payments.get(id)?.state;
    const held = stock === Reservation_State.HELD || stock === Reservation_State.COMMITTED;
    const charges = participants.charges.filter((each) => each === id).length;
    const refunds = participants.refunds.filter((each) => each === id).length;
    if (unfinished) wrong.push(`${id} is ${status} and unfinished`);
    if (taken && stock !== Reservation_State.COMMITTED) wrong.push(`${id} is ${status}, its stock is not sold`);
    if (!taken && held) wrong.push(`${id} is ${status}, its stock is not back`);
    if (taken && total > 0 && money !== Payment_State.CHARGED) wrong.push(`${id} is ${status}, but not charged`);
    if (charges > 1) wrong.push(`${id} was charged ${charges} times`);
    if (!taken && charges !== refunds) wrong.push(`${id} is ${status}, its money is not back`);
    if (taken && refunds > 0) wrong.push(`${id} is ${status}, but its money was given back`);
    if (told.at(-1) !== status) wrong.push(`${id} is ${status}, which was not told last: ${told.join()}`);
    if (new Set(told).size !== told.length) wrong.push(`${id}: told twice: ${told.join()}`);
    if (!(status in Order_Status)) wrong.push(`${id} is ${status}, which is no status`);
  }
  for (const id of [...participants.charges, ...participants.reservations.keys()]) {
    if (!known.has(id)) wrong.push(`a hold or a charge for ${id}, which no order is`);
  }
  return wrong;
}
