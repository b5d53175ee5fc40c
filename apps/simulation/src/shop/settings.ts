import { configSchema as orderSchema, type OrderConfig } from '@stampede/order/simulation';
import { configSchema as paymentSchema, type PaymentConfig } from '@stampede/payment/simulation';
import type { Plan } from '../plan.ts';
import { SAGA_LEASE_SECONDS } from './world.ts';

const ORDER = orderSchema.parse({
  callDeadlineMs: 500,
  saga: { leaseSeconds: SAGA_LEASE_SECONDS, pollMs: 400, maxBackoffMs: 500, claimBatch: 10 },
  catalog: { ttlMs: 1_000 },
  watch: { pollMs: 150 },
});

const PAYMENT = paymentSchema.parse({
  provider: { timeoutMs: 150 },
  recovery: { everyMs: 1_000, staleMs: 2_000, leaseMs: 1_000 },
});

/** The services' own settings, with shorter times: a history is to be over soon. */
export function orderConfig({ holdSeconds, maxBatch }: Pick<Plan, 'holdSeconds' | 'maxBatch'>): OrderConfig {
  return { ...ORDER, holdSeconds, batch: { ...ORDER.batch, maxSize: maxBatch } };
}

export function paymentConfig(): PaymentConfig {
  return PAYMENT;
}
