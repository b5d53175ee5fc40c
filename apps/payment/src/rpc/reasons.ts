import type { PaymentErrorReason } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import type { PaymentReason } from '../domain/payment-error.ts';

type ContractReason = Exclude<keyof typeof PaymentErrorReason, 'UNSPECIFIED'>;

/** The domain's reasons in the contract's words: all of them, or this does not compile. */
export const CONTRACT_REASONS: Readonly<Record<PaymentReason, ContractReason>> = {
  PAYMENT_DECLINED: 'PAYMENT_DECLINED',
  PAYMENT_MISMATCH: 'PAYMENT_MISMATCH',
  PAYMENT_VOIDED: 'PAYMENT_VOIDED',
  PAYMENT_NOT_CHARGED: 'PAYMENT_NOT_CHARGED',
  PAYMENT_OUTCOME_UNKNOWN: 'PAYMENT_OUTCOME_UNKNOWN',
};

/** What the domain threw, as the contract says it; anything that is not of the domain passes as it is. */
export function inContractWords(thrown: unknown): unknown {
  const error: AppError | undefined = thrown instanceof AppError ? thrown : undefined;
  if (error === undefined || !isPaymentReason(error.reason)) return thrown;
  const { code, message, metadata, violations, cause } = error;
  return new AppError(code, CONTRACT_REASONS[error.reason], message, { metadata, violations, cause });
}

function isPaymentReason(reason: string): reason is PaymentReason {
  return Object.hasOwn(CONTRACT_REASONS, reason);
}
