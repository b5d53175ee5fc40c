import { hash } from 'node:crypto';

export interface OrderRequest {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly paymentToken: string;
}

/** The fingerprint that tells a repeated request from another one under the same key: base64url of SHA-256 over what was asked for. */
export function requestHash({ items, paymentToken }: OrderRequest): string {
  const canonical = JSON.stringify([items.map(({ sku, quantity }) => [sku, quantity]), paymentToken]);
  return hash('sha256', canonical, 'base64url');
}
