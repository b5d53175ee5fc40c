import type { PaymentServiceDefinition } from '@stampede/contracts';
import type { Clock } from '@stampede/lifecycle';
import type { Database } from '@stampede/postgres';
import type { Handlers } from '@stampede/rpc';
import type { Logger } from '@stampede/telemetry';
import type { PaymentConfig } from './config.ts';
import type { Crash } from './domain/crash-points.ts';
import { createPayments } from './domain/payments.ts';
import { createRecovery, type Recovery } from './domain/recovery.ts';
import { createSandboxProvider } from './provider/sandbox-provider.ts';
import { createPaymentService } from './rpc/payment-service.ts';
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

export interface PaymentApp {
  readonly service: Handlers<PaymentServiceDefinition>;
  /** To be run by the caller. */
  readonly recovery: Recovery;
}

/** The rooms of the service, put together on one database; the sandbox provider has connections of its own to its own schema. */
export function createPaymentApp({ db, world, config, clock, log, crash }: PaymentAppOptions): PaymentApp {
  const proof = crash === undefined ? {} : { crash };
  const provider = createSandboxProvider({ db: world, clock, lateMs: () => config().sandbox.lateMs });
  const payments = createPayments({
    store: createPaymentStore(db),
    provider,
    timers: clock,
    timeoutMs: () => config().provider.timeoutMs,
    onUnknown: (question, orderId, cause) =>
      log.warn({ orderId, question, err: cause }, 'no answer from the provider: the outcome is unknown'),
    ...proof,
  });
  return {
    service: createPaymentService({ payments, provider, books: createPaymentBooks(db) }),
    recovery: createRecovery({
      unsettled: createUnsettledStore(db),
      payments,
      timers: clock,
      settings: () => config().recovery,
      log,
      ...proof,
    }),
  };
}
