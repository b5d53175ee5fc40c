import { createGate } from '@stampede/batching';
import { InventoryServiceDefinition, PaymentServiceDefinition, type OrderServiceDefinition } from '@stampede/contracts';
import { createClient, type Channel, type Handlers } from '@stampede/rpc';
import type { OrderConfig } from './config.ts';
import type { CrashablePorts } from './domain/crash-points.ts';
import { createOrderFeed } from './domain/order-feed.ts';
import type { Log, OrderReader, Orders, Sagas, Shelves, Time } from './domain/ports.ts';
import { createSagaDriver } from './domain/saga-driver.ts';
import { startSagaRecovery, type SagaRecovery } from './domain/saga-recovery.ts';
import { createCatalog } from './remote/catalog.ts';
import { createInventory } from './remote/inventory.ts';
import { createPayments } from './remote/payments.ts';
import { createShelves } from './remote/shelves.ts';
import { createOrderService } from './rpc/order-service.ts';

export interface OrderRoomsOptions {
  readonly orders: Orders;
  readonly sagas: Sagas;
  /** For GetOrder and ListOrders; may be some moments behind. */
  readonly reader: OrderReader;
  /** For the audit. */
  readonly books: OrderReader;
  readonly inventory: Channel;
  readonly payment: Channel;
  /** A new UUIDv7. */
  readonly newId: () => string;
  readonly config: () => OrderConfig;
  readonly time: Time;
  /** 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Runs a batch of calls once those that come now have come; setImmediate if absent. */
  readonly defer?: ((run: () => void) => void) | undefined;
  /** Stands between the domain and all that it changes out there; for proofs. */
  readonly around?: ((ports: CrashablePorts) => CrashablePorts) | undefined;
  /** Stands between the domain and the products that are read; for proofs. */
  readonly aroundShelves?: ((shelves: Shelves) => Shelves) | undefined;
}

/** The service's rooms on whatever keeps its orders. */
export interface OrderRooms {
  readonly handlers: Handlers<OrderServiceDefinition>;
  /** Begins to look for what others left. */
  start(): void;
  /** Lets sagas come to a rest for up to `timeoutMs` and gives the others away. To be called when no more calls come. */
  stop(timeoutMs: number): Promise<void>;
}

export function createOrderRooms(options: OrderRoomsOptions): OrderRooms {
  const { config, time, random, log, newId } = options;
  const deadlineMs = () => config().callDeadlineMs;
  const batching = {
    ...(options.defer && { defer: options.defer }),
    limits: () => config().batch,
    linger: { ms: () => config().batch.lingerMs, schedule: (ms: number, run: () => void) => time.schedule(ms, run) },
  };
  const client = createClient(InventoryServiceDefinition, options.inventory);
  const bare = {
    orders: options.orders,
    sagas: options.sagas,
    inventory: createInventory({ client, deadlineMs, batching }),
    payments: createPayments({ client: createClient(PaymentServiceDefinition, options.payment), deadlineMs }),
  };
  const ports = options.around?.(bare) ?? bare;
  const { orders, sagas } = ports;
  const shelves = createShelves({ client, deadlineMs });
  const catalog = createCatalog({
    shelves: options.aroundShelves?.(shelves) ?? shelves,
    monotonic: () => time.monotonic(),
    settings: () => config().catalog,
  });
  const feed = createOrderFeed({ orders, time, log, settings: () => config().watch });
  const driver = createSagaDriver({ ...ports, catalog, feed, time, random, log, settings: () => config().saga });
  const gate = createGate({
    limits: () => ({ ...config().gate, maxQueued: config().batch.maxQueued }),
    schedule: (ms, run) => time.schedule(ms, run),
    defer: options.defer,
  });
  let recovery: SagaRecovery | undefined;

  return {
    handlers: createOrderService({
      orders,
      feed,
      driver,
      catalog,
      gate,
      newId,
      settings: config,
      reader: options.reader,
      books: options.books,
    }),
    start() {
      recovery = startSagaRecovery({ sagas, driver, time, random, log, settings: () => config().saga });
    },
    async stop(timeoutMs) {
      await recovery?.stop();
      await driver.stop(timeoutMs);
      feed.close();
    },
  };
}
