import type { InventoryErrorReason } from '@stampede/contracts';
import type { InventoryReason } from '../domain/inventory-error.ts';

type ContractReason = Exclude<keyof typeof InventoryErrorReason, 'UNSPECIFIED'>;

/**
 * The domain's reasons in the contract's words. They travel as they are, so this compiles only while both sides have the same names: a
 * reason that one of them lacks is an error here.
 */
export const contractReasons: { readonly [Reason in InventoryReason]: Reason & ContractReason } & {
  readonly [Reason in ContractReason]: Reason & InventoryReason;
} = {
  UNKNOWN_SKU: 'UNKNOWN_SKU',
  PRODUCT_EXISTS: 'PRODUCT_EXISTS',
  OUT_OF_STOCK: 'OUT_OF_STOCK',
  PRICE_CHANGED: 'PRICE_CHANGED',
  RESERVATION_MISMATCH: 'RESERVATION_MISMATCH',
  RESERVATION_RELEASED: 'RESERVATION_RELEASED',
  RESERVATION_NOT_HELD: 'RESERVATION_NOT_HELD',
  RESTOCK_MISMATCH: 'RESTOCK_MISMATCH',
  STOCK_LIMIT_EXCEEDED: 'STOCK_LIMIT_EXCEEDED',
};
