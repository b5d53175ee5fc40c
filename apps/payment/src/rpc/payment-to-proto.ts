import { Payment_State, type Payment as PaymentMessage, type PaymentRecord } from '@stampede/contracts';
import type { AuditRecord } from '../domain/export-payments.ts';
import type { Payment } from '../domain/payment.ts';

export function paymentToProto(payment: Payment): PaymentMessage {
  return {
    orderId: payment.orderId,
    state: Payment_State[payment.state],
    amount: payment.intent?.amount,
    declineCode: payment.state === 'DECLINED' ? payment.declineCode : '',
    createTime: payment.createTime,
    updateTime: payment.updateTime,
  };
}

/** A key that only the provider knows has a payment without a state. */
export function recordToProto({ orderId, payment, ...record }: AuditRecord): PaymentRecord {
  return { ...record, payment: payment === undefined ? unseen(orderId) : paymentToProto(payment) };
}

function unseen(orderId: string): PaymentMessage {
  return {
    orderId,
    state: Payment_State.UNSPECIFIED,
    amount: undefined,
    declineCode: '',
    createTime: undefined,
    updateTime: undefined,
  };
}
