import type { OrderServiceDefinition } from '@stampede/contracts';
import type { Clock } from '@stampede/lifecycle';
import { awaitDatabase, type Database } from '@stampede/postgres';
import type { Channel, Handlers } from '@stampede/rpc';
import type { Logger } from '@stampede/telemetry';
import type { OrderConfig } from './config.ts';
import { withCrashPoints, withPricingCrashPoints, type CrashHook } from './domain/crash-points.ts';
import { createOrderRooms } from './order-rooms.ts';
import { encodeOrderEvent } from './rpc/order-message.ts';
import { createDatabaseClock } from './store/database-clock.ts';
import { createIdMaker } from './store/new-id.ts';
import { createOrderReader } from './store/order-reader.ts';
import { createOrderStore } from './store/order-store.ts';
import { keepOutboxPartitions } from './store/outbox-partitions.ts';
import { createSagaStore } from './store/saga-store.ts';

/** The database's schema. */
export const MIGRATIONS = new URL('./store/migrations/', import.meta.url);

/** How long a start waits for its database; less than a stop that comes meanwhile is given. */
const START_MS = 20_000;

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

/** The service on Postgres. */
export interface OrderApp {
  readonly handlers: Handlers<OrderServiceDefinition>;
  /** Begins to look for what others left, and makes partitions for the outbox. */
  start(): Promise<void>;
  /** Lets sagas come to a rest for up to `timeoutMs` and gives the others away. To be called when no more calls come. */
  stop(timeoutMs: number): Promise<void>;
}

export async function createOrderApp(options: OrderAppOptions): Promise<OrderApp> {
  const { instance, db, config, clock: time, random, log, crash } = options;
  const lease = { owner: instance, seconds: () => config().saga.leaseSeconds };
  const clock = await awaitDatabase(() => createDatabaseClock(db, time), { log });
  const newId = createIdMaker(clock);
  const limits = () => config().batch;
  const rooms = createOrderRooms({
    orders: createOrderStore({ db, lease, clock, newId, encodeEvent: encodeOrderEvent, limits }),
    sagas: createSagaStore({ db, lease, limits }),
    reader: createOrderReader(options.readDb),
    books: createOrderReader(options.booksDb),
    inventory: options.inventory,
    payment: options.payment,
    newId,
    config,
    time,
    random,
    log,
    around: crash && ((ports) => withCrashPoints(ports, crash)),
    aroundShelves: crash && ((shelves) => withPricingCrashPoints(shelves, crash)),
  });
  let stopPartitions: (() => Promise<void>) | undefined;

  return {
    handlers: rooms.handlers,
    async start() {
      stopPartitions = await awaitDatabase(() => keepOutboxPartitions({ db, time, log }), { log, waitMs: START_MS });
      rooms.start();
    },
    async stop(timeoutMs) {
      await rooms.stop(timeoutMs);
      await stopPartitions?.();
    },
  };
}
