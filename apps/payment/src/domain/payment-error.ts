import { AppError } from '@stampede/errors';

/** Why a payment is refused; `src/rpc/reasons.ts` says it in the contract's words. */
export type PaymentReason =
  'PAYMENT_DECLINED' | 'PAYMENT_MISMATCH' | 'PAYMENT_VOIDED' | 'PAYMENT_NOT_CHARGED' | 'PAYMENT_OUTCOME_UNKNOWN';

type PaymentError = AppError<PaymentReason>;

/** Final: the provider refused. */
export function declined(declineCode: string): PaymentError {
  return new AppError('FAILED_PRECONDITION', 'PAYMENT_DECLINED', `the payment was declined: ${declineCode}`, {
    metadata: { decline_code: declineCode },
  });
}

/** `what` was decided otherwise before. */
export function mismatch(what: string): PaymentError {
  return new AppError(
    'FAILED_PRECONDITION',
    'PAYMENT_MISMATCH',
    `the order's payment was decided with another ${what}`,
  );
}

export function voided(): PaymentError {
  return new AppError('FAILED_PRECONDITION', 'PAYMENT_VOIDED', 'the payment was voided; it cannot be charged any more');
}

export function notCharged(): PaymentError {
  return new AppError('FAILED_PRECONDITION', 'PAYMENT_NOT_CHARGED', 'the order was not charged: nothing to refund');
}

/** Not a refusal: nobody knows yet. To be asked again. */
export function outcomeUnknown(): PaymentError {
  return new AppError(
    'UNAVAILABLE',
    'PAYMENT_OUTCOME_UNKNOWN',
    'the provider has not said what became of it: ask again',
  );
}

export function notFound(): AppError<'NOT_FOUND'> {
  return new AppError('NOT_FOUND', 'NOT_FOUND', 'no payment was ever asked for this order');
}
