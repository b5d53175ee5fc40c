import type { History } from './history.ts';

/** What is wrong with a history that has come to rest: DESIGN.md §7's invariants, over all that the world holds. */
export function checkWorld({ world, answers }: Pick<History, 'world' | 'answers'>, initialStock: number): string[] {
  const { orders, reservations, payments, charges, refunds, told, stock, sagas } = world;
  const wrong = [...world.violations];
  const taken = new Map<string, number>();
  for (const order of orders.values()) {
    const { id, status } = order;
    const paid = status === 'PAID' || status === 'SHIPPED';
    const held = reservations.get(id)?.state;
    const charged = charges.filter((each) => each === id).length;
    const refunded = refunds.filter((each) => each === id).length;
    const outcomes = told.filter(({ orderId }) => orderId === id).map((event) => event.status);
    if (status === 'PENDING' || status === 'UNWINDING') wrong.push(`${id} rests at ${status}`);
    if (paid && held !== 'COMMITTED') wrong.push(`${id} is ${status}, its stock ${held ?? 'never asked for'}`);
    if (!paid && (held === 'HELD' || held === 'COMMITTED')) wrong.push(`${id} is ${status}, its stock still ${held}`);
    if (charged > 1) wrong.push(`${id} was charged ${charged} times`);
    if (charged - refunded !== (paid ? 1 : 0))
      wrong.push(`${id} is ${status}, charged ${charged}, refunded ${refunded}`);
    if (paid && payments.get(id) !== 'CHARGED')
      wrong.push(`${id} is ${status}, its payment ${payments.get(id) ?? 'none'}`);
    if (outcomes.at(-1) !== status) wrong.push(`${id} is ${status}, told was ${outcomes.join()}`);
    if (new Set(outcomes).size !== outcomes.length) wrong.push(`${id}: told twice, ${outcomes.join()}`);
    if (held === 'HELD' || held === 'COMMITTED') {
      for (const { sku, quantity } of order.lines) taken.set(sku, (taken.get(sku) ?? 0) + quantity);
    }
  }
  for (const [sku, left] of stock) {
    if (left < 0 || left + (taken.get(sku) ?? 0) !== initialStock)
      wrong.push(`${sku}: ${left} left of ${initialStock}`);
  }
  for (const id of [...charges, ...reservations.keys(), ...sagas.keys()]) {
    if (!orders.has(id)) wrong.push(`something is kept for ${id}, which no order is`);
  }
  for (const [key, all] of answers) {
    const ids = new Set(all.flatMap((answer) => ('id' in answer ? [answer.id] : [])));
    if (ids.size > 1) wrong.push(`${key}: several orders, ${[...ids].join()}`);
    const asked = [...orders.values()].filter(({ idempotencyKey }) => idempotencyKey === key);
    if (asked.length > 1) wrong.push(`${key}: ${asked.length} orders`);
    const ends = new Set(asked.map(({ status }) => status));
    const wasPaid = all.some((answer) => 'id' in answer && answer.status === 'PAID');
    for (const end of ['REJECTED', 'PAYMENT_FAILED', 'EXPIRED'] as const) {
      if (wasPaid && ends.has(end)) wrong.push(`${key}: PAID was answered, and it ended ${end}`);
    }
  }
  return wrong;
}
