import { cancelOrder, refundOrder, shipOrder } from '../change-order.ts';
import { withCrashPoints, type CrashablePorts, type CrashPoint } from '../crash-points.ts';
import type { Order } from '../order.ts';
import { createOrderFeed } from '../order-feed.ts';
import { placeOrder } from '../place-order.ts';
import type { Time } from '../ports.ts';
import { createSagaDriver } from '../saga-driver.ts';
import { startSagaRecovery } from '../saga-recovery.ts';
import type { Fates, Process } from './network.ts';
import { World, type Broken } from './world.ts';

/** What a shopper does, and an operator after them. */
export interface Deed {
  readonly atMs: number;
  readonly sku: string;
  readonly quantity: number;
  readonly paymentToken: 'tok_visa' | 'tok_declined';
  /** Milliseconds that the shopper waits. */
  readonly patienceMs: number;
  /** Asked with the same key by two at once. */
  readonly twice: boolean;
  readonly then: readonly { readonly afterMs: number; readonly verb: 'cancel' | 'refund' | 'ship' }[];
}

/** A process ends: as if killed when it reaches a point for the `nth` time, or by leaving orderly. */
export type Ending =
  | { readonly kind: 'crash'; readonly point: CrashPoint; readonly nth: number }
  | { readonly kind: 'leave'; readonly atMs: number };

export interface Plan {
  readonly deeds: readonly Deed[];
  /** How each of the first processes ends; what ends is replaced. */
  readonly endings: readonly (Ending | undefined)[];
  readonly fates: Fates;
  readonly holdSeconds: number;
  readonly stock: number;
}

export interface HistoryOptions {
  readonly plan: Plan;
  readonly time: Time;
  /** 0 to 1. */
  readonly random: () => number;
  readonly broken?: Broken;
  /** A mutant's way of breaking the production code. */
  readonly sabotage?: (ports: CrashablePorts) => CrashablePorts;
}

/** What came of it; `answers` are what shoppers were told, by key. */
export interface History {
  readonly world: World;
  readonly answers: Map<string, (Order | { readonly refused: unknown })[]>;
  readonly reached: Set<CrashPoint>;
  /** Whether everybody has been answered and nothing is left to do. */
  isQuiet(): boolean;
}

const SETTINGS = { maxActive: 100, leaseSeconds: 2, maxBackoffMs: 500, pollMs: 200, claimBatch: 10, maxWatchers: 10 };
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const RESTART_MS = 100;

/** Sets a history in motion: as time moves on, processes of the production code serve what the plan's people do. */
export function beginHistory({ plan, time, random, broken, sabotage }: HistoryOptions): History {
  const stock = new Map(['a', 'b'].map((sku) => [sku, plan.stock] as const));
  const { fates } = plan;
  const world = new World({
    ...{ time, random, fates, stock, leaseSeconds: SETTINGS.leaseSeconds },
    ...(broken !== undefined && { broken }),
  });
  const answers: History['answers'] = new Map();
  const reached = new Set<CrashPoint>();
  const processes: Running[] = [];
  let lastId = 0;
  let born = 0;
  let busy = 0;

  type Running = ReturnType<typeof boot>;

  function boot(ending: Ending | undefined) {
    const process: Process = { name: `order-${(born += 1)}`, dead: false };
    let left = ending?.kind === 'crash' ? ending.nth : 0;
    const end = () => {
      process.dead = true;
      time.schedule(RESTART_MS, () => (processes[processes.indexOf(running)] = boot(undefined)));
      return Promise.withResolvers<never>().promise;
    };
    const ports = withCrashPoints((sabotage ?? same)(world.portsOf(process)), (point) => {
      reached.add(point);
      if (process.dead) return Promise.withResolvers<never>().promise;
      return ending?.kind === 'crash' && ending.point === point && (left -= 1) === 0 ? end() : undefined;
    });
    const settings = () => SETTINGS;
    const catalog = {
      find: (skus: readonly string[]) => Promise.resolve(world.products(skus)),
      forget: () => undefined,
    };
    const feed = createOrderFeed({ orders: ports.orders, time, log: SILENT, settings });
    const driver = createSagaDriver({ ...ports, catalog, feed, time, random, log: SILENT, settings });
    const recovery = startSagaRecovery({ sagas: ports.sagas, driver, time, random, log: SILENT, settings });
    const newId = () => `id-${String((lastId += 1)).padStart(4, '0')}`;
    const running = {
      process,
      ports: {
        ...ports,
        catalog,
        feed,
        driver,
        newId,
        settings: () => ({ holdSeconds: plan.holdSeconds, maxQuantity: 10_000 }),
      },
    };
    if (ending?.kind === 'leave') {
      time.schedule(ending.atMs, () => {
        void recovery
          .stop()
          .then(() => driver.stop(1_000))
          .catch(() => undefined) // what it could not hand over is taken when its lease is over
          .then(end);
      });
    }
    return running;
  }

  const anyone = () => processes[Math.floor(random() * processes.length)]?.ports ?? never();

  /** A client of the service: asks again, elsewhere, as long as it does not know. What it asked of a dead process times out. */
  async function insist<T>(ask: () => Promise<T>): Promise<T | { readonly refused: unknown }> {
    busy += 1;
    try {
      for (;;) {
        const timeout = Promise.withResolvers<'late'>();
        const cancel = time.schedule(5_000, () => timeout.resolve('late'));
        try {
          const answer = await Promise.race([ask(), timeout.promise]);
          if (answer !== 'late') return answer;
        } catch (error) {
          if (isDefinite(error)) return { refused: error };
          await time.sleep(50);
        } finally {
          cancel();
        }
      }
    } finally {
      busy -= 1;
    }
  }

  function act(deed: Deed, index: number): void {
    const { sku, quantity, paymentToken, patienceMs } = deed;
    const [userId, idempotencyKey] = [`user-${index}`, `key-${index}`];
    const request = { userId, items: [{ sku, quantity }], paymentToken, idempotencyKey };
    const told: (Order | { readonly refused: unknown })[] = [];
    answers.set(idempotencyKey, told);
    for (let copies = deed.twice ? 2 : 1; copies > 0; copies -= 1) {
      void insist(() => placeOrder(request, { ms: patienceMs }, anyone())).then((answer) => told.push(answer));
    }
    for (const { afterMs, verb } of deed.then) time.schedule(afterMs, () => void interfere(userId, verb));
  }

  async function interfere(userId: string, verb: Deed['then'][number]['verb']): Promise<void> {
    const order = [...world.orders.values()].find((each) => each.userId === userId);
    if (order === undefined) return;
    const actor = { userId, operator: true };
    const waiting = { ms: 100 };
    await insist(() => {
      if (verb === 'cancel') return cancelOrder(order.id, actor, waiting, anyone());
      return verb === 'refund' ? refundOrder(order.id, actor, waiting, anyone()) : shipOrder(order.id, actor, anyone());
    });
  }

  for (const ending of plan.endings) processes.push(boot(ending));
  busy += plan.deeds.length;
  for (const [index, deed] of plan.deeds.entries()) {
    time.schedule(deed.atMs, () => {
      act(deed, index);
      busy -= 1;
    });
  }
  return { world, answers, reached, isQuiet: () => busy === 0 && world.sagas.size === 0 };
}

const same = (ports: CrashablePorts) => ports;

function never(): never {
  throw new TypeError('there is always a process');
}

function isDefinite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code !== 'UNAVAILABLE';
}
