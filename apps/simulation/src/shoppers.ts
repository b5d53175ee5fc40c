import { InventoryServiceDefinition, OrderServiceDefinition, Order_Status, type Order } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { createClient, type User } from '@stampede/rpc';
import type { Deed, Plan } from './plan.ts';
import type { Shop } from './shop/shop.ts';
import { uuid } from './shop/world.ts';

/** What somebody was told of an order, and when they had asked. */
export interface Answer {
  readonly key: string;
  readonly askedMs: number;
  readonly toldMs: number;
  /** What they wanted to order; undefined if they asked for the order by its id. */
  readonly wanted: Deed['items'] | undefined;
  /** The order, or the reason of the refusal. */
  readonly order: Order | undefined;
  readonly refusal: string | undefined;
}

/** The people of a history, outside of all processes but the gateway that they ask through. */
export interface Shoppers {
  readonly answers: readonly Answer[];
  /** How many are still waiting for something. */
  readonly busy: number;
}

const OPERATOR: User = { id: uuid(1, 0), roles: ['operator'] };
const DEFINITE: ReadonlySet<string> = new Set([
  'FAILED_PRECONDITION',
  'NOT_FOUND',
  'INVALID_ARGUMENT',
  'PERMISSION_DENIED',
  'ALREADY_EXISTS',
]);

interface Asking {
  readonly key: string;
  readonly wanted?: Deed['items'];
  /** A refusal of it says nothing of the order, and is not kept. */
  readonly wish?: boolean;
}

export function sendShoppers({ world, gateway }: Shop, { deeds, deliveries }: Plan): Shoppers {
  const { random } = world;
  const { clock } = gateway.process;
  const orders = createClient(OrderServiceDefinition, gateway.channelTo('order'));
  const inventory = createClient(InventoryServiceDefinition, gateway.channelTo('inventory'));
  const answers: Answer[] = [];
  let busy = deeds.length + deliveries.length;

  /** Asks again, wherever it gets to, for as long as nobody knows. */
  async function insist<T>(ask: () => Promise<T>): Promise<T | AppError> {
    for (;;) {
      try {
        return await ask();
      } catch (thrown) {
        const error = AppError.from(thrown);
        if (DEFINITE.has(error.code)) return error;
        await clock.sleep(50 + random() * 100);
      }
    }
  }

  /** Asks until there is an answer, and keeps that. */
  async function ask(
    question: () => Promise<{ readonly order: Order | undefined }>,
    { key, wanted, wish = false }: Asking,
  ): Promise<Order | undefined> {
    let askedMs = 0;
    const answer = await insist(() => {
      askedMs = clock.monotonic();
      return question();
    });
    const toldMs = clock.monotonic();
    if (!(answer instanceof AppError)) {
      answers.push({ key, wanted, askedMs, toldMs, order: answer.order, refusal: undefined });
      return answer.order;
    }
    if (!wish) answers.push({ key, wanted, askedMs, toldMs, order: undefined, refusal: answer.reason });
    return undefined;
  }

  async function buy(deed: Deed, number: number): Promise<void> {
    const { items, paymentToken, respondAsync, patienceMs } = deed;
    const user: User = { id: uuid(1, number), roles: [] };
    const key = `key-${number}`;
    const place = (wanted: Deed['items']) => {
      const request = { items: [...wanted], paymentToken, respondAsync, idempotencyKey: key };
      return ask(() => orders.createOrder(request, { user, deadlineMs: patienceMs }), { key, wanted });
    };
    const others = deed.rival === 'none' ? [] : [place(deed.rival === 'same' ? items : somethingElse(items))];
    const [placed] = await Promise.all([place(items), ...others]);
    if (placed === undefined) return;
    const { id } = placed;
    await Promise.all([follow(key, user, placed), ...deed.then.map((each) => interfere(key, user, id, each))]);
    await place(items);
  }

  /** Looks until the order's outcome stands. */
  async function follow(key: string, user: User, { id, status }: Order): Promise<void> {
    for (let seen: number = status; seen === Order_Status.PENDING || seen === Order_Status.UNWINDING;) {
      await clock.sleep(300);
      const order = await ask(() => orders.getOrder({ id }, { user, deadlineMs: 500 }), { key });
      seen = order?.status ?? seen;
    }
  }

  async function interfere(
    key: string,
    user: User,
    id: string,
    { afterMs, verb }: Deed['then'][number],
  ): Promise<void> {
    await clock.sleep(afterMs);
    const options = { user: verb === 'cancel' ? user : OPERATOR, deadlineMs: 500 };
    const asked = () => {
      if (verb === 'cancel') return orders.cancelOrder({ id }, options);
      return verb === 'refund' ? orders.refundOrder({ id }, options) : orders.shipOrder({ id }, options);
    };
    await ask(asked, { key, wish: true });
  }

  const done = () => void (busy -= 1);
  for (const [index, deed] of deeds.entries()) clock.schedule(deed.atMs, () => void buy(deed, index + 1).then(done));
  for (const [index, { atMs, sku, quantity }] of deliveries.entries()) {
    const request = { sku, quantity, requestId: `delivery-${index}` };
    const restock = () => insist(() => inventory.restockProduct(request, { user: OPERATOR, deadlineMs: 500 }));
    clock.schedule(atMs, () => void restock().then(done));
  }

  return {
    answers,
    get busy() {
      return busy;
    },
  };
}

function somethingElse(items: Deed['items']): Deed['items'] {
  return items.map(({ sku, quantity }) => ({ sku, quantity: quantity + 1 }));
}
