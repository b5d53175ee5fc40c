import { Order_Status } from '@stampede/contracts';
import type { Order, Status } from '@stampede/order/simulation';
import type { Databases } from './shop/databases.ts';
import type { Answer } from './shoppers.ts';

const DECIDED: ReadonlySet<Status> = new Set([
  'PAID',
  'SHIPPED',
  'REJECTED',
  'PAYMENT_FAILED',
  'CANCELLED',
  'EXPIRED',
  'REFUNDED',
]);

/** What is wrong with the books of a shop that has come to rest: DESIGN.md §7's invariants, over everything that is kept. */
export function checkShop(databases: Databases, stock: number, answers: readonly Answer[]): string[] {
  return [
    ...databases.violations,
    ...[...databases.orders.orders.values()].flatMap((order) => wrongWithOrder(order, databases)),
    ...unexplained(databases),
    ...wrongWithStock(databases, stock),
    ...wrongWithMoney(databases),
    ...wrongWithAnswers(databases, answers),
  ];
}

function wrongWithOrder(order: Order, { orders, inventory, payments, provider }: Databases): string[] {
  const { id, status, total } = order;
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`${id} is ${status}: ${what}`);
  const paid = status === 'PAID' || status === 'SHIPPED';
  const charged = total.amountMinor > 0 && paid;
  const verdict = inventory.verdicts.get(id);
  const stock = verdict?.state ?? 'never asked for';
  const money = payments.rows.get(id)?.state ?? 'never asked for';
  const { charges, refunds, balanceMinor } = provider.statement(id);

  if (!DECIDED.has(status)) say('it never came to an end');
  if (orders.sagas.has(id)) say('a saga is left');
  if (paid ? stock !== 'COMMITTED' : stock === 'HELD' || stock === 'COMMITTED') say(`its stock is ${stock}`);
  if (paid && !sameLines(order, verdict?.lines ?? [])) say('other lines are reserved than ordered');
  if (charged ? money !== 'CHARGED' : money === 'CHARGED') say(`its payment is ${money}`);
  if (status === 'REJECTED' && stock !== 'REFUSED') say(`inventory never refused, its stock is ${stock}`);
  if (status === 'PAYMENT_FAILED' && money !== 'DECLINED') say(`payment never declined, its payment is ${money}`);
  if (['INTENDED', 'VOIDING', 'REFUNDING'].includes(money)) say(`its payment rests at ${money}`);
  if (charges > 1) say(`charged ${charges} times`);
  if (charges - refunds !== (charged ? 1 : 0)) say(`charged ${charges} times, refunded ${refunds} times`);
  if (balanceMinor !== (charged ? total.amountMinor : 0)) say(`the provider keeps ${balanceMinor}`);

  const outcomes = (orders.histories.get(id) ?? []).filter((each) => DECIDED.has(each));
  const told = orders.outbox.filter(({ orderId }) => orderId === id).map((event) => event.status);
  if (told.join() !== outcomes.join()) say(`told was ${told.join()}, and it became ${outcomes.join()}`);
  if (new Set(told).size !== told.length) say(`an outcome came twice, ${told.join()}`);
  return wrong;
}

function sameLines(order: Order, lines: readonly { readonly sku: string; readonly quantity: number }[]): boolean {
  const text = (all: typeof lines) => all.map(({ sku, quantity }) => `${quantity} ${sku}`).join();
  return text(order.lines) === text(lines);
}

/** No hold, charge or saga without an order; one order a user and key. */
function unexplained({ orders, inventory, payments, provider }: Databases): string[] {
  const keys = [...orders.orders.values()].map(({ userId, idempotencyKey }) => `${userId} ${idempotencyKey}`);
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  const kept = [...inventory.verdicts.keys(), ...payments.rows.keys(), ...orders.sagas.keys(), ...provider.keys()];
  return [
    ...twice.map((key) => `two orders for ${key}`),
    ...kept.filter((id) => !orders.orders.has(id)).map((id) => `something is kept for ${id}, which no order is`),
  ];
}

/** Per SKU, initial + restocked = available + held + sold. */
function wrongWithStock({ inventory }: Databases, stock: number): string[] {
  const taken = new Map<string, number>();
  for (const { state, lines } of inventory.verdicts.values()) {
    if (state !== 'HELD' && state !== 'COMMITTED') continue;
    for (const { sku, quantity } of lines) taken.set(sku, (taken.get(sku) ?? 0) + quantity);
  }
  const came = new Map<string, number>();
  for (const { sku, quantity } of inventory.deliveries.values()) came.set(sku, (came.get(sku) ?? 0) + quantity);
  return [...inventory.products.values()].flatMap(({ sku, available }) => {
    const all = stock + (came.get(sku) ?? 0);
    const right = available >= 0 && available + (taken.get(sku) ?? 0) === all;
    return right ? [] : [`${sku}: ${available} left and ${taken.get(sku) ?? 0} taken, of ${all}`];
  });
}

/** Every customer's payments and the shop's sum to zero, and the shop has what the provider keeps for it. */
function wrongWithMoney({ payments, provider }: Databases): string[] {
  const accounts = new Map<string, number>();
  const book = (account: string, amount: number) => void accounts.set(account, (accounts.get(account) ?? 0) + amount);
  for (const { debit, credit, amountMinor } of payments.transfers()) {
    book(debit, -amountMinor);
    book(credit, amountMinor);
  }
  const sum = [...accounts.values()].reduce((total, amount) => total + amount, 0);
  const kept = provider.keys().reduce((total, key) => total + provider.statement(key).balanceMinor, 0);
  const shop = accounts.get('shop') ?? 0;
  return [
    ...(sum === 0 ? [] : [`the payments sum to ${sum}`]),
    ...(shop === kept ? [] : [`the shop booked ${shop}, the provider keeps ${kept}`]),
  ];
}

/** What a shopper was told stays true. */
function wrongWithAnswers({ orders }: Databases, answers: readonly Answer[]): string[] {
  const byKey = Map.groupBy(answers, ({ key }) => key);
  return [...byKey].flatMap(([key, told]) => {
    const wrong: string[] = [];
    const order = [...orders.orders.values()].find(({ idempotencyKey }) => idempotencyKey === key);
    const { status } = order ?? { status: 'never placed' };
    const seen = told.flatMap((answer) => answer.order ?? []);
    if (seen.some(({ id }) => id !== order?.id)) wrong.push(`${key}: told of ${seen.map(({ id }) => id).join()}`);
    const wasPaid = seen.some((each) => each.status === Order_Status.PAID || each.status === Order_Status.SHIPPED);
    if (wasPaid && ['REJECTED', 'PAYMENT_FAILED', 'EXPIRED'].includes(status)) {
      wrong.push(`${key}: told PAID, and it is ${status}`);
    }
    for (const { wanted, refusal, order: shown } of told) {
      const reused = order !== undefined && wanted !== undefined && !sameLines(order, wanted);
      if (reused ? refusal !== 'IDEMPOTENCY_KEY_REUSED' : refusal !== undefined && refusal !== refusalOf(order)) {
        wrong.push(`${key}: told ${refusal ?? shown?.status ?? 'nothing'}, and it is ${status}`);
      }
    }
    // Who asks after an answer is told no less than that.
    for (const later of told) {
      for (const before of told) {
        if (before.toldMs > later.askedMs || before.order === undefined || later.order === undefined) continue;
        if (before !== later && later.order.version < before.order.version) {
          wrong.push(`${key}: told version ${later.order.version} after version ${before.order.version}`);
        }
      }
    }
    return wrong;
  });
}

/** What a shopper is told of an order that came to nothing before it was paid. */
function refusalOf(order: Order | undefined): string | undefined {
  return order !== undefined && 'refusal' in order && !order.paid ? order.refusal.reason : undefined;
}
