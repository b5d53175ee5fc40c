import type { PaymentServiceDefinition } from '@stampede/contracts';
import type { Handlers } from '@stampede/rpc';
import type { PaymentConfig } from './config.ts';
import type { Crash } from './domain/crash-points.ts';
import type { Timers } from './domain/patience.ts';
import type { PaymentBooks, PaymentStore, UnsettledStore } from './domain/payment-store.ts';
import { createPayments } from './domain/payments.ts';
import type { Provider } from './domain/provider.ts';
import { createRecovery, type Recovery, type RecoveryOptions } from './domain/recovery.ts';
import { createPaymentService } from './rpc/payment-service.ts';

export interface PaymentRoomsOptions {
  readonly store: PaymentStore;
  readonly unsettled: UnsettledStore;
  readonly books: PaymentBooks;
  readonly provider: Provider;
  readonly config: () => Pick<PaymentConfig, 'provider' | 'recovery'>;
  readonly timers: Timers;
  readonly log: RecoveryOptions['log'];
  /** Called at each of CRASH_POINTS; for proofs. */
  readonly crash?: Crash | undefined;
}

/** The service's rooms on whatever keeps its payments. */
export interface PaymentRooms {
  readonly service: Handlers<PaymentServiceDefinition>;
  /** To be run by the caller. */
  readonly recovery: Recovery;
}

export function createPaymentRooms(options: PaymentRoomsOptions): PaymentRooms {
  const { store, unsettled, books, provider, config, timers, log, crash } = options;
  const proof = crash === undefined ? {} : { crash };
  const payments = createPayments({
    store,
    provider,
    timers,
    timeoutMs: () => config().provider.timeoutMs,
    onUnknown: (question, orderId, cause) =>
      log.warn({ orderId, question, err: cause }, 'no answer from the provider: the outcome is unknown'),
    ...proof,
  });
  return {
    service: createPaymentService({ payments, provider, books }),
    recovery: createRecovery({ unsettled, payments, timers, settings: () => config().recovery, log, ...proof }),
  };
}
