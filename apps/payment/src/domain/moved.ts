import type { Change, Payment } from './payment.ts';
import type { PaymentStore } from './payment-store.ts';

/** The payment after `change`, or as it stands if somebody else has moved it before: the loser reads again. */
export async function moved(store: PaymentStore, orderId: string, change: Change): Promise<Payment> {
  const payment = (await store.change(orderId, change)) ?? (await store.find(orderId));
  if (payment === undefined) throw new Error(`payment ${orderId} has vanished; rows are never deleted`);
  return payment;
}
