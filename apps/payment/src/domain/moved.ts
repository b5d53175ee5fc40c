import type { Change, Payment } from './payment.ts';
import type { PaymentStore } from './payment-store.ts';

/** The payment after `change`, or as it stands if somebody else has moved it before: the loser reads again. */
export async function moved(store: PaymentStore, payment: Payment, change: Change): Promise<Payment> {
  const { orderId } = payment;
  const now = (await store.change(payment, change)) ?? (await store.find(orderId));
  if (now === undefined) throw new Error(`payment ${orderId} has vanished; rows are never deleted`);
  return now;
}
