import { invalid, type FieldViolation } from '@stampede/errors';
import type { Money } from './payment.ts';

/** What may be asked in one charge, in minor units: far below what a double counts exactly, so that sums of many stay exact too. */
export const MAX_AMOUNT_MINOR = 1_000_000_000_000_000;
const MAX_TOKEN_LENGTH = 255;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const CURRENCY = /^[A-Z]{3}$/;

/** A charge whose every field keeps the contract's rules. The token is the shopper's secret: it is not to be logged or stored. */
export interface ChargeRequest {
  readonly orderId: string;
  readonly userId: string;
  readonly amount: Money;
  readonly token: string;
}

/** As it comes in. */
export interface RawChargeRequest {
  readonly orderId: string;
  readonly userId: string;
  readonly amount: Money | undefined;
  readonly token: string;
}

/** Throws INVALID_ARGUMENT naming every field that breaks a rule, in the contract's names. */
export function checkedCharge({ orderId, userId, amount, token }: RawChargeRequest): ChargeRequest {
  const violations = [
    ...uuidViolations('order_id', orderId),
    ...uuidViolations('user_id', userId),
    ...amountViolations(amount),
    ...tokenViolations(token),
  ];
  const [first, ...others] = violations;
  if (first !== undefined) throw invalid(first, ...others);
  if (amount === undefined) throw invalid({ field: 'amount', description: 'is required' });
  return {
    orderId: orderId.toLowerCase(),
    userId: userId.toLowerCase(),
    amount: { currency: amount.currency, amountMinor: amount.amountMinor },
    token,
  };
}

/** The order's id in lower case; throws INVALID_ARGUMENT if it is no UUID. */
export function checkedOrderId(orderId: string): string {
  const [violation] = uuidViolations('order_id', orderId);
  if (violation !== undefined) throw invalid(violation);
  return orderId.toLowerCase();
}

function uuidViolations(field: string, value: string): FieldViolation[] {
  return UUID.test(value) ? [] : [{ field, description: 'must be a UUID' }];
}

function amountViolations(amount: Money | undefined): FieldViolation[] {
  if (amount === undefined) return [{ field: 'amount', description: 'is required' }];
  const { currency, amountMinor } = amount;
  const violations: FieldViolation[] = [];
  if (!CURRENCY.test(currency)) {
    violations.push({ field: 'amount.currency', description: 'must be three capital letters (ISO 4217)' });
  }
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 1 || amountMinor > MAX_AMOUNT_MINOR) {
    violations.push({ field: 'amount.amount_minor', description: `must be an integer from 1 to ${MAX_AMOUNT_MINOR}` });
  }
  return violations;
}

function tokenViolations(token: string): FieldViolation[] {
  if (token.length >= 1 && token.length <= MAX_TOKEN_LENGTH) return [];
  return [{ field: 'payment_token', description: `must have 1 to ${MAX_TOKEN_LENGTH} characters` }];
}
