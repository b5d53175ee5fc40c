/** What the simulation of the whole shop runs of this service: its rooms as they are, its database and the provider in memory. */
export { configSchema, type PaymentConfig } from './config.ts';
export type { Payment } from './domain/payment.ts';
export type { PaymentStore } from './domain/payment-store.ts';
export type { Provider } from './domain/provider.ts';
export { isHasty } from './domain/simulation/is-hasty.ts';
export { createMemoryPaymentStore, type MemoryPaymentStore } from './domain/simulation/memory-payment-store.ts';
export { createMemoryProvider, type MemoryProvider } from './domain/simulation/memory-provider.ts';
export { createPaymentRooms } from './payment-rooms.ts';
