import { check, integerRule, skuRule } from './check.ts';
import { DEFAULT_PAGE, MAX_PAGE } from './limits.ts';
import type { Products } from './ports.ts';
import type { Product } from './product.ts';

export interface Page {
  readonly products: readonly Product[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** One page of products by SKU. Sizes above the greatest are cut down to it (https://google.aip.dev/158); 0 is the default. */
export async function listProducts(
  products: Pick<Products, 'list'>,
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
): Promise<Page> {
  const after = Buffer.from(pageToken, 'base64url').toString();
  check({
    page_size: pageSize < 0 ? integerRule(pageSize, 0, MAX_PAGE) : undefined,
    page_token: pageToken === '' || skuRule(after) === undefined ? undefined : 'must be a next_page_token',
  });
  const size = pageSize === 0 ? DEFAULT_PAGE : Math.min(pageSize, MAX_PAGE);
  const found = await products.list(after, size + 1);
  const page = found.slice(0, size);
  const last = found.length > size ? page.at(-1) : undefined;
  return { products: page, nextPageToken: last === undefined ? '' : Buffer.from(last.sku).toString('base64url') };
}
