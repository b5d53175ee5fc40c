import { InventoryServiceDefinition, PaymentServiceDefinition, type OrderServiceDefinition } from '@stampede/contracts';
import type { Clock } from '@stampede/lifecycle';
import type { Database } from '@stampede/postgres';
import { createClient, type Channel, type Handlers } from '@stampede/rpc';
import type { Logger } from '@stampede/telemetry';
import type { OrderConfig } from './config.ts';
import { withCrashPoints, withPricingCrashPoints, type CrashHook } from './domain/crash-points.ts';
import { createOrderFeed } from './domain/order-feed.ts';
import { createSagaDriver } from './domain/saga-driver.ts';
import { startSagaRecovery, type SagaRecovery } from './domain/saga-recovery.ts';
import { createCatalog } from './remote/catalog.ts';
import { createInventory } from './remote/inventory.ts';
import { createPayments } from './remote/payments.ts';
import { createShelves } from './remote/shelves.ts';
import { encodeOrderEvent } from './rpc/order-message.ts';
import { createOrderService } from './rpc/order-service.ts';
import { createDatabaseClock } from './store/database-clock.ts';
import { createIdMaker } from './store/new-id.ts';
import { createOrderReader } from './store/order-reader.ts';
import { createOrderStore } from './store/order-store.ts';
import { keepOutboxPartitions } from './store/outbox-partitions.ts';
import { createSagaStore } from './store/saga-store.ts';

/** The database's schema. */
export const MIGRATIONS = new URL('./store/migrations/', import.meta.url);

export interface OrderAppOptions {
  /** The id of this process; leases bear it. */
  readonly instance: string;
  readonly db: Database;
  /** `db`, or a replica of it. */
  readonly readDb: Database;
  /** For the audit's long readings, so that they are in nobody's way. */
  readonly booksDb: Database;
  readonly inventory: Channel;
  readonly payment: Channel;
  readonly config: () => OrderConfig;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly log: Logger;
  /** Called at each of ALL_CRASH_POINTS; for proofs. */
  readonly crash?: CrashHook | undefined;
}

/** The rooms of the service, put together. */
export interface OrderApp {
  readonly handlers: Handlers<OrderServiceDefinition>;
  /** Begins to look for what others left, and makes partitions for the outbox. */
  start(): Promise<void>;
  /** Lets sagas come to a rest for up to `timeoutMs` and gives the others away. To be called when no more calls come. */
  stop(timeoutMs: number): Promise<void>;
}

export async function createOrderApp(options: OrderAppOptions): Promise<OrderApp> {
  const { instance, db, readDb, config, clock: time, random, log } = options;
  const lease = { owner: instance, seconds: () => config().saga.leaseSeconds };
  const deadlineMs = () => config().callDeadlineMs;
  const clock = await createDatabaseClock(db, time);
  const newId = createIdMaker(clock);

  const inventoryClient = createClient(InventoryServiceDefinition, options.inventory);
  const bare = {
    orders: createOrderStore({ db, lease, clock, newId, encodeEvent: encodeOrderEvent }),
    sagas: createSagaStore({ db, lease }),
    inventory: createInventory({ client: inventoryClient, deadlineMs }),
    payments: createPayments({ client: createClient(PaymentServiceDefinition, options.payment), deadlineMs }),
  };
  const bareShelves = createShelves({ client: inventoryClient, deadlineMs });
  const { crash } = options;
  const ports = crash === undefined ? bare : withCrashPoints(bare, crash);
  const shelves = crash === undefined ? bareShelves : withPricingCrashPoints(bareShelves, crash);
  const { orders, sagas } = ports;
  const catalog = createCatalog({
    shelves,
    monotonic: () => time.monotonic(),
    settings: () => config().catalog,
  });

  const feed = createOrderFeed({ orders, time, log, settings: () => config().watch });
  const driver = createSagaDriver({ ...ports, catalog, feed, time, random, log, settings: () => config().saga });
  let stopPartitions: (() => Promise<void>) | undefined;
  let recovery: SagaRecovery | undefined;

  return {
    handlers: createOrderService({
      orders,
      feed,
      driver,
      catalog,
      newId,
      settings: config,
      reader: createOrderReader(readDb),
      books: createOrderReader(options.booksDb),
    }),
    async start() {
      stopPartitions = await keepOutboxPartitions({ db, time, log });
      recovery = startSagaRecovery({ sagas, driver, time, random, log, settings: () => config().saga });
    },
    async stop(timeoutMs) {
      await recovery?.stop();
      await driver.stop(timeoutMs);
      feed.close();
      await stopPartitions?.();
    },
  };
}
