/** Everything that the requests of a load differ in. */
export interface OrderRequests {
  readonly host: string;
  readonly tokens: readonly string[];
  readonly skus: readonly string[];
  /** Before the number of each request: keys differ between runs. */
  readonly keyPrefix: string;
}

/** Both are prime, so neighbours have neither customer nor product in common and all come up equally often. */
const TOKEN_STEP = 7_919;
const SKU_STEP = 104_729;

/** The nth `POST /v1/orders` as text. All that can be is prepared: a request is three strings put together. */
export function createOrderRequests({ host, tokens, skus, keyPrefix }: OrderRequests): (index: number) => string {
  const heads = tokens.map(
    (token) =>
      `POST /v1/orders HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\nidempotency-key: ${keyPrefix}`,
  );
  const tails = skus.map((sku) => {
    const body = JSON.stringify({ items: [{ sku, quantity: 1 }], paymentToken: 'tok_visa' });
    return `\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  });
  return (index) =>
    `${heads[(index * TOKEN_STEP) % heads.length] ?? ''}${index}${tails[(index * SKU_STEP) % tails.length] ?? ''}`;
}
