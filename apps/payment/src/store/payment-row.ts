import type { Intent, Payment, State } from '../domain/payment.ts';

/** What every statement that gives payments selects, from `payments AS p`. */
export const PAYMENT_COLUMNS = `p.order_id, p.state, p.user_id, p.currency, p.amount_minor, encode(p.token_hash, 'hex') AS token_hash,
  p.decline_code, p.create_time, p.update_time`;

export interface PaymentRow {
  readonly order_id: string;
  readonly state: State;
  readonly user_id: string | null;
  readonly currency: string | null;
  readonly amount_minor: number | null;
  readonly token_hash: string | null;
  readonly decline_code: string | null;
  readonly create_time: Date;
  readonly update_time: Date;
}

export function paymentOf(row: PaymentRow): Payment {
  const common = { orderId: row.order_id, createTime: row.create_time, updateTime: row.update_time };
  const { state } = row;
  const intent = intentOf(row);
  if (state === 'VOIDED') return { ...common, state, intent };
  if (intent === undefined) throw new Error(`payment ${row.order_id} is ${state} and has no intent`);
  if (state === 'DECLINED') return { ...common, state, intent, declineCode: row.decline_code ?? '' };
  return { ...common, state, intent };
}

function intentOf({ user_id, currency, amount_minor, token_hash }: PaymentRow): Intent | undefined {
  if (user_id === null || currency === null || amount_minor === null || token_hash === null) return undefined;
  return { userId: user_id, amount: { currency, amountMinor: amount_minor }, tokenHash: token_hash };
}
