import type { PaymentServiceDefinition } from '@stampede/contracts';
import type { Handlers } from '@stampede/rpc';
import { exportPayments } from '../domain/export-payments.ts';
import type { PaymentBooks } from '../domain/payment-store.ts';
import type { Payments } from '../domain/payments.ts';
import type { Provider } from '../domain/provider.ts';
import { paymentToProto, recordToProto } from './payment-to-proto.ts';
import { inContractWords } from './reasons.ts';
import { requireCaller } from './require-caller.ts';

export interface PaymentServiceOptions {
  readonly payments: Payments;
  readonly books: PaymentBooks;
  readonly provider: Pick<Provider, 'statements'>;
}

/** stampede.payment.v1.PaymentService. The context of a call is the patience of its caller. */
export function createPaymentService({
  payments,
  books,
  provider,
}: PaymentServiceOptions): Handlers<PaymentServiceDefinition> {
  return {
    async charge({ orderId, userId, amount, paymentToken }, context) {
      requireCaller(context, 'order');
      const request = { orderId, userId, amount, token: paymentToken };
      return { payment: paymentToProto(await said(payments.charge(request, context))) };
    },
    async void({ orderId }, context) {
      requireCaller(context, 'order');
      return { payment: paymentToProto(await said(payments.void(orderId, context))) };
    },
    async refund({ orderId }, context) {
      requireCaller(context, 'order');
      return { payment: paymentToProto(await said(payments.refund(orderId, context))) };
    },
    async getPayment({ orderId }, context) {
      requireCaller(context, 'order');
      return { payment: paymentToProto(await said(payments.find(orderId))) };
    },
    async *exportPayments(_request, context) {
      requireCaller(context, 'audit');
      for await (const records of exportPayments(books, provider)) yield { records: records.map(recordToProto) };
    },
  };
}

async function said<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw inContractWords(error);
  }
}
