import { invalid, type FieldViolation } from '@stampede/errors';
import type { OrderRequest } from './request-hash.ts';

export interface PlaceRequest extends OrderRequest {
  readonly idempotencyKey: string;
}

const MAX_ITEMS = 100;
const MAX_QUANTITY = 10_000;
const MAX_TEXT = 255;
const SKU = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const PRINTABLE_ASCII = /^[ -~]+$/;
/** Control characters, NUL among them, which Postgres cannot keep. */
const CONTROL = /\p{Cc}/u;

/** Checks a request against its contract; throws INVALID_ARGUMENT that names every field at fault by its path in the proto. */
export function checkRequest({ items, paymentToken, idempotencyKey }: PlaceRequest): void {
  const violations: FieldViolation[] = [];
  const blame = (field: string, description: string) => violations.push({ field, description });

  if (items.length === 0) blame('items', 'must have at least 1 item');
  if (items.length > MAX_ITEMS) blame('items', `must have at most ${MAX_ITEMS} items`);
  for (const [index, { sku, quantity }] of items.slice(0, MAX_ITEMS).entries()) {
    if (!SKU.test(sku)) blame(`items[${index}].sku`, `must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'`);
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > MAX_QUANTITY) {
      blame(`items[${index}].quantity`, `must be 1 to ${MAX_QUANTITY}`);
    }
  }
  if (paymentToken === '' || paymentToken.length > MAX_TEXT || CONTROL.test(paymentToken)) {
    blame('payment_token', `must be 1 to ${MAX_TEXT} characters, no control characters among them`);
  }
  if (idempotencyKey.length > MAX_TEXT || !PRINTABLE_ASCII.test(idempotencyKey)) {
    blame('idempotency_key', `must be 1 to ${MAX_TEXT} printable ASCII characters`);
  }
  const [first, ...others] = violations;
  if (first !== undefined) throw invalid(first, ...others);
}

/** Checks a request against what the shop allows at the moment, which may be less than the contract does. Throws as `checkRequest`. */
export function checkLimits(
  { items }: Pick<PlaceRequest, 'items'>,
  { maxQuantity }: { readonly maxQuantity: number },
): void {
  const [first, ...others] = [...items.entries()]
    .filter(([, { quantity }]) => quantity > maxQuantity)
    .map(([index]) => ({ field: `items[${index}].quantity`, description: `must be 1 to ${maxQuantity}` }));
  if (first !== undefined) throw invalid(first, ...others);
}
