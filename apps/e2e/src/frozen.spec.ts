import { setTimeout as sleep } from 'node:timers/promises';
import { connectDatabase, type Database } from '@stampede/postgres';
import { eventually } from '@stampede/testing';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { longestGap, print } from './support/figures.ts';
import { lostOf, startLoad, type Load } from './support/load.ts';
import type { Program } from './support/program.ts';
import { startRig, type Rig } from './support/rig.ts';
import { ROUNDS } from './support/rounds.ts';
import { logIn, newProduct, type Shopper } from './support/shopper.ts';
import { auditStack } from './support/stack.ts';

let rig: Rig;
let operator: Shopper;
let customer: Shopper;
beforeAll(async () => {
  rig = await startRig({ instances: { inventory: 2, payment: 2, order: 2 }, linked: true });
  operator = await logIn(rig.stack, rig.stack.operator);
  customer = await logIn(rig.stack, rig.stack.customer);
}, 150_000);
afterEach(async () => expect(await auditStack(rig.stack)).toMatchObject({ clean: true, moving: 0 }));
afterAll(() => rig.close());

/** Once where somebody waits. */
const TIMES = Math.ceil(ROUNDS / 4);
/** What is promised of the others. */
const SELL_ON_MS = 1_000;
/** Each way between the instance to be frozen and its database, so that it can be caught in the middle. */
const DELAY_MS = 40;
/** Well after what was on its way when it froze has arrived. */
const SETTLED_MS = 3 * DELAY_MS;

type Service = 'inventory' | 'payment' | 'order';

function database(app: Service): Database {
  const db = connectDatabase({ url: rig.databaseUrl(app), applicationName: 'e2e' });
  onTestFinished(() => db.close());
  return db;
}

/** The inventory instance that decides about the hot row: calls about one SKU meet at one. */
async function hotInventory(db: Database): Promise<Program> {
  const instances = rig.of('inventory').map(({ instance }) => instance);
  const seen = new Map<string, number>();
  for (let look = 0; look < 20; look++) {
    const [latest] = await db.query<{ name: string }>(
      `SELECT application_name AS name FROM pg_stat_activity WHERE application_name = ANY ($1) ORDER BY state_change DESC LIMIT 1`,
      [instances],
    );
    if (latest !== undefined) seen.set(latest.name, (seen.get(latest.name) ?? 0) + 1);
    await sleep(20);
  }
  const [busiest] = [...seen].sort(([, one], [, other]) => other - one);
  return rig.of('inventory').find(({ instance }) => instance === busiest?.[0]) ?? rig.program('inventory-1');
}

/**
 * Freezes `program` when `seen` says that it is in the middle of something, and makes sure by `still` that it was caught
 * there; otherwise lets it go and tries again.
 */
async function freezeInTheMiddle<Middle>(
  program: Program,
  seen: () => Promise<Middle | undefined>,
  still: (middle: Middle) => Promise<boolean>,
): Promise<{ readonly middle: Middle; readonly at: number }> {
  const wire = rig.links.get(program.name)?.database;
  onTestFinished(() => {
    program.thaw();
    wire?.delay(0);
  });
  const deadline = performance.now() + 60_000;
  for (;;) {
    wire?.delay(DELAY_MS);
    const middle = await eventually(
      async () => {
        const found = await seen();
        if (found === undefined) throw new Error(`${program.name} was in the middle of nothing`);
        return found;
      },
      { timeoutMs: 30_000, intervalMs: 1 },
    );
    program.freeze();
    const at = performance.now();
    await sleep(SETTLED_MS);
    wire?.delay(0);
    if (await still(middle)) return { middle, at };
    program.thaw();
    if (performance.now() > deadline) throw new Error(`${program.name} could not be caught in the middle`);
    await sleep(200);
  }
}

/** The longest time without a sale while an instance is frozen, and with all awake: a busy machine stands still by itself now and then. */
async function soldOn({ load, begun }: Sale, at: number, frozenMs: number): Promise<{ gap: number; before: number }> {
  await sleep(Math.max(0, at + frozenMs - performance.now()));
  return { gap: longestGap(load, at, performance.now()), before: longestGap(load, begun, at) };
}

interface Sale {
  readonly sku: string;
  readonly load: Load;
  /** When it was under way, on performance.now(). */
  readonly begun: number;
}

async function hotSale(available = 10_000_000): Promise<Sale> {
  const sku = await newProduct(operator, available);
  const load = startLoad({ gateways: () => rig.gateways, tokens: [customer.token], skus: [sku] });
  onTestFinished(() => load.end());
  await load.morePaid(20);
  const begun = performance.now();
  await load.morePaid(50);
  return { sku, load, begun };
}

/**
 * Asks for more than there is, over and over, until the test ends. Reservations that are expected to be held never leave a lock between two words to the
 * database; what was refused a moment ago is decided under locks.
 */
function refusedAgainAndAgain(sku: string, items: number): void {
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      await customer.buy(Array.from({ length: items }, () => ({ sku, quantity: 10_000 }))).catch(() => undefined);
      await sleep(200, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  onTestFinished(async () => {
    over.abort();
    await asking;
  });
}

async function ended({ load }: Sale): Promise<void> {
  await load.morePaid(50);
  await load.end();
  expect(load.failures).toEqual([]);
  expect(await lostOf(load, rig.gateways[0]!)).toEqual([]);
}

test.each(Array.from({ length: TIMES }, (_, index) => index + 1))(
  'inventory, frozen with the hot row locked: others sell on within a second (%i)',
  async () => {
    const sale = await hotSale(49_999);
    refusedAgainAndAgain(sale.sku, 5);
    const { load } = sale;
    const db = database('inventory');
    const hot = await hotInventory(db);
    const { instance } = hot;
    /** The transaction of its that holds the locks of products and waits for its next word. */
    const locking = async () => {
      const [row] = await db.query<{ pid: number; begun: string }>(
        `SELECT pid, xact_start::text AS begun FROM pg_stat_activity
         WHERE application_name = $1 AND state = 'idle in transaction' AND query LIKE '%FROM products%FOR UPDATE%'`,
        [instance],
      );
      return row;
    };
    const { at, middle } = await freezeInTheMiddle(hot, locking, async ({ pid, begun }) => {
      const rows = await db.query(
        `SELECT FROM pg_stat_activity WHERE pid = $1 AND xact_start::text = $2 AND state = 'idle in transaction'`,
        [pid, begun],
      );
      return rows.length > 0;
    });
    const lockedMs = await eventually(async () => {
      const rows = await db.query('SELECT FROM pg_stat_activity WHERE pid = $1 AND xact_start::text = $2', [
        middle.pid,
        middle.begun,
      ]);
      expect(rows).toEqual([]);
      return Math.round(performance.now() - at);
    });
    const { gap, before } = await soldOn(sale, at, 3_000);
    hot.thaw();
    await ended(sale);
    print('inventory frozen in a batch', {
      'no sales for ms': gap,
      'before it froze': before,
      'locks held for ms': lockedMs,
      'slowest order ms': Math.round(load.longestMs),
      orders: load.paid.size,
      'failed tries': load.rawFailures.length,
    });
    expect(gap).toBeLessThan(SELL_ON_MS + before);
  },
);

test.each(Array.from({ length: TIMES }, (_, index) => index + 1))(
  'payment, frozen between intent and verdict: the other finds out and goes on (%i)',
  async () => {
    const sale = await hotSale();
    const { load } = sale;
    const db = database('payment');
    const intended = async (ids?: readonly string[]) => {
      const rows = await db.query<{ order_id: string }>(
        `SELECT order_id FROM payments WHERE state = 'INTENDED' AND ($1::uuid[] IS NULL OR order_id = ANY ($1))`,
        [ids ?? null],
      );
      return rows.length === 0 ? undefined : rows.map(({ order_id }) => order_id);
    };
    let left: readonly string[] = [];
    const { at } = await freezeInTheMiddle(rig.program('payment-1'), intended, async (ids) => {
      left = (await intended(ids)) ?? [];
      return left.length > 0;
    });
    const decidedMs = await eventually(
      async () => {
        expect(await intended(left)).toBeUndefined();
        return Math.round(performance.now() - at);
      },
      { timeoutMs: 10_000 },
    );
    const { gap, before } = await soldOn(sale, at, 3_000);
    rig.program('payment-1').thaw();
    await ended(sale);
    print('payment frozen between intent and verdict', {
      'no sales for ms': gap,
      'before it froze': before,
      'intents left': left.length,
      'decided by the other after ms': decidedMs,
      'slowest order ms': Math.round(load.longestMs),
      orders: load.paid.size,
      'failed tries': load.rawFailures.length,
    });
    expect(gap).toBeLessThan(SELL_ON_MS + before);
  },
);

test.each(Array.from({ length: TIMES }, (_, index) => index + 1))(
  'order, frozen in the middle of sagas: they are taken over, and waking it changes nothing (%i)',
  async () => {
    const sale = await hotSale();
    const { load } = sale;
    const db = database('order');
    const { instance } = rig.program('order-1');
    const driven = async () => {
      const rows = await db.query<{ order_id: string }>('SELECT order_id FROM sagas WHERE leased_by = $1', [instance]);
      return rows.length === 0 ? undefined : rows.map(({ order_id }) => order_id);
    };
    let left: readonly string[] = [];
    const { at } = await freezeInTheMiddle(rig.program('order-1'), driven, async () => {
      left = (await driven()) ?? [];
      return left.length > 0;
    });
    // A lease is five seconds long, and looked for about every second.
    const takenOverMs = await eventually(
      async () => {
        expect(await driven()).toBeUndefined();
        return Math.round(performance.now() - at);
      },
      { timeoutMs: 15_000 },
    );
    const { gap, before } = await soldOn(sale, at, takenOverMs + 500);
    const undone = await db.query('SELECT FROM orders WHERE id = ANY ($1) AND status NOT IN ($2, $3)', [
      left,
      'PAID',
      'SHIPPED',
    ]);
    expect(undone).toEqual([]);
    rig.program('order-1').thaw();
    await ended(sale);
    print('order frozen in sagas', {
      'no sales for ms': gap,
      'before it froze': before,
      'sagas left': left.length,
      'taken over after ms': takenOverMs,
      'slowest order ms': Math.round(load.longestMs),
      orders: load.paid.size,
      'failed tries': load.rawFailures.length,
    });
    expect(gap).toBeLessThan(SELL_ON_MS + before);
  },
);
