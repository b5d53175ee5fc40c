/** An amount in the currency's minor unit (cents), at least 1; the currency is ISO 4217. */
export interface Money {
  readonly currency: string;
  readonly amountMinor: number;
}

/** What an order wants charged: decided once, when it is first asked for. */
export interface Intent {
  readonly userId: string;
  readonly amount: Money;
  /** Tells one card token from another without being one (token-hash.ts); hexadecimal. */
  readonly tokenHash: string;
}

interface Row {
  /** UUID in lower case. The order's one verdict, and the key of everything the provider is asked for it. */
  readonly orderId: string;
  /** In the database's time, both. */
  readonly createTime: Date;
  readonly updateTime: Date;
}

/** Committed before the provider is asked; what became of it may not be known. */
export type Intended = Row & { readonly state: 'INTENDED'; readonly intent: Intent };
export type Charged = Row & { readonly state: 'CHARGED'; readonly intent: Intent };
/** `declineCode` is the provider's word for why. */
export type Declined = Row & { readonly state: 'DECLINED'; readonly intent: Intent; readonly declineCode: string };
/** Being called off: committed before the provider is told to cancel, which may find that it had charged. */
export type Voiding = Row & { readonly state: 'VOIDING'; readonly intent: Intent };
/** Never charged, and never will be. A tombstone (no intent) where the order was voided before it was seen. */
export type Voided = Row & { readonly state: 'VOIDED'; readonly intent: Intent | undefined };
/** Being given back: committed before the provider is told to refund. */
export type Refunding = Row & { readonly state: 'REFUNDING'; readonly intent: Intent };
export type Refunded = Row & { readonly state: 'REFUNDED'; readonly intent: Intent };

/** An order's payment: one row, one verdict, refusals and tombstones included. */
export type Payment = Intended | Charged | Declined | Voiding | Voided | Refunding | Refunded;
export type State = Payment['state'];

/** How a payment begins: by what a Charge intends, or as the tombstone that a Void leaves for an order nobody has charged. */
export type Opening =
  | { readonly state: 'INTENDED'; readonly orderId: string; readonly intent: Intent }
  | { readonly state: 'VOIDED'; readonly orderId: string };

/** Every move there is, as compare-and-set: `from` must still be so. Anything else cannot be said. */
export type Change =
  | { readonly from: 'INTENDED'; readonly to: 'CHARGED' }
  | { readonly from: 'INTENDED'; readonly to: 'DECLINED'; readonly declineCode: string }
  | { readonly from: 'INTENDED'; readonly to: 'VOIDING' }
  | { readonly from: 'VOIDING'; readonly to: 'VOIDED' }
  | { readonly from: 'VOIDING'; readonly to: 'REFUNDED' }
  | { readonly from: 'CHARGED'; readonly to: 'REFUNDING' }
  | { readonly from: 'REFUNDING'; readonly to: 'REFUNDED' };

/** What a payment is once `change` is committed, at `updateTime`. Only its state changes: the rest is as it was when it began. */
export function changed(payment: Payment, change: Change, updateTime: Date): Payment {
  const { orderId, createTime, intent } = payment;
  if (intent === undefined) throw new Error('a tombstone does not change');
  const row = { orderId, createTime, updateTime, intent };
  return change.to === 'DECLINED'
    ? { ...row, state: change.to, declineCode: change.declineCode }
    : { ...row, state: change.to };
}

/** A payment that nothing will move any more unless somebody asks for it. */
export type Settled = Charged | Declined | Voided | Refunded;

export function isSettled(payment: Payment): payment is Settled {
  switch (payment.state) {
    case 'CHARGED':
    case 'DECLINED':
    case 'VOIDED':
    case 'REFUNDED':
      return true;
    case 'INTENDED':
    case 'VOIDING':
    case 'REFUNDING':
      return false;
  }
}
