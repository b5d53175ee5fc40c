import { AppError } from '@stampede/errors';
import type { Refusal } from './reservation.ts';

/** Why this service refuses; `src/rpc/reasons.ts` says it in the contract's words. */
export type InventoryReason =
  | Refusal['reason']
  | 'PRODUCT_EXISTS'
  | 'RESERVATION_MISMATCH'
  | 'RESERVATION_RELEASED'
  | 'RESERVATION_NOT_HELD'
  | 'RESTOCK_MISMATCH'
  | 'STOCK_LIMIT_EXCEEDED';

export type InventoryError = AppError<InventoryReason>;

export function unknownSku(sku: string): InventoryError {
  return new AppError('NOT_FOUND', 'UNKNOWN_SKU', `no product has the SKU ${sku}`, { metadata: { sku } });
}

export function productExists(sku: string): InventoryError {
  return new AppError('ALREADY_EXISTS', 'PRODUCT_EXISTS', `a product has the SKU ${sku} already`, {
    metadata: { sku },
  });
}

/** A refusal as the answer it is, the same each time it is asked for. */
export function refused(refusal: Refusal): InventoryError {
  const { reason, sku } = refusal;
  switch (reason) {
    case 'UNKNOWN_SKU':
      return unknownSku(sku);
    case 'PRICE_CHANGED': {
      const { currency, amountMinor } = refusal.unitPrice;
      return new AppError('FAILED_PRECONDITION', reason, `the price of ${sku} has changed`, {
        metadata: { sku, currency, amount_minor: String(amountMinor) },
      });
    }
    case 'OUT_OF_STOCK':
      return new AppError('FAILED_PRECONDITION', reason, `of ${sku} only ${refusal.available} are left`, {
        metadata: { sku, available: String(refusal.available) },
      });
  }
}

export function mismatch(orderId: string): InventoryError {
  return new AppError(
    'FAILED_PRECONDITION',
    'RESERVATION_MISMATCH',
    `the reservation of order ${orderId} was decided with other lines`,
  );
}

export function released(orderId: string): InventoryError {
  return new AppError(
    'FAILED_PRECONDITION',
    'RESERVATION_RELEASED',
    `the reservation of order ${orderId} was released`,
  );
}

export function notHeld(orderId: string): InventoryError {
  return new AppError('FAILED_PRECONDITION', 'RESERVATION_NOT_HELD', `nothing is held for order ${orderId}`);
}

export function restockMismatch(requestId: string): InventoryError {
  return new AppError(
    'FAILED_PRECONDITION',
    'RESTOCK_MISMATCH',
    `the request id ${requestId} was used with another SKU or quantity`,
  );
}

export function stockLimitExceeded(sku: string, available: number, limit: number): InventoryError {
  return new AppError(
    'FAILED_PRECONDITION',
    'STOCK_LIMIT_EXCEEDED',
    `more than ${limit} units of ${sku} cannot be kept`,
    {
      metadata: { sku, available: String(available), limit: String(limit) },
    },
  );
}
