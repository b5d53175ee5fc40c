import type { Clock } from '@stampede/lifecycle';
import type { Database } from '@stampede/postgres';
import type { Logger } from '@stampede/telemetry';
import type { PaymentConfig } from './config.ts';
import type { Crash } from './domain/crash-points.ts';
import { createPaymentRooms, type PaymentRooms } from './payment-rooms.ts';
import { createSandboxProvider } from './provider/sandbox-provider.ts';
import { createPaymentBooks } from './store/payment-books.ts';
import { createPaymentStore } from './store/payment-store.ts';
import { createUnsettledStore } from './store/unsettled-store.ts';

/** Where the migrations are. */
export const MIGRATIONS = new URL('./store/migrations/', import.meta.url);

export interface PaymentAppOptions {
  /** Migrated. */
  readonly db: Database;
  /** Connections to the same database for the sandbox provider alone: it stands for the world outside. */
  readonly world: Database;
  readonly config: () => PaymentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly crash?: Crash | undefined;
}

/** The service on one Postgres; the sandbox provider has connections of its own to its own schema. */
export function createPaymentApp({ db, world, config, clock, log, crash }: PaymentAppOptions): PaymentRooms {
  const limits = () => config().batch;
  return createPaymentRooms({
    store: createPaymentStore(db, { limits }),
    unsettled: createUnsettledStore(db),
    books: createPaymentBooks(db),
    provider: createSandboxProvider({ db: world, clock, lateMs: () => config().sandbox.lateMs, limits }),
    config,
    timers: clock,
    log,
    crash,
  });
}
