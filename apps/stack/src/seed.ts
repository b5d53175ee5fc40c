import { UserServiceDefinition } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { createClient, type Channel } from '@stampede/rpc';
import type { Credentials } from './credentials.ts';

export const OPERATOR_EMAIL = 'operator@stampede.local';
export const CUSTOMER_EMAIL = 'customer@stampede.local';

/** A dozen products for a first look: SKU, title, price in euro cents, stock. */
const PRODUCTS: readonly (readonly [string, string, number, number])[] = [
  ['tee-black', 'T-shirt, black', 1_999, 1_000],
  ['tee-white', 'T-shirt, white', 1_999, 1_000],
  ['hoodie-grey', 'Hoodie, grey', 4_950, 400],
  ['cap-navy', 'Cap, navy', 1_500, 250],
  ['mug-herd', 'Mug "The herd"', 1_290, 600],
  ['bottle-steel', 'Bottle, steel, 0.75 l', 2_490, 300],
  ['tote-canvas', 'Tote bag, canvas', 990, 500],
  ['socks-wool', 'Socks, wool', 1_190, 800],
  ['notebook-a5', 'Notebook, A5, dotted', 890, 1_200],
  ['pen-brass', 'Pen, brass', 3_400, 150],
  ['poster-dust', 'Poster "Dust"', 2_200, 100],
  ['console-limited', 'Console, limited edition', 49_900, 10],
];

export interface SeedOptions {
  /** Of the user service, by a caller called `stack`. */
  readonly users: Channel;
  readonly gatewayUrl: string;
  readonly credentials: Credentials;
}

/**
 * Makes sure that the operator, a customer and a dozen products exist; what is there already stays as it is, so that it may be repeated.
 *
 * @throws AppError UNAVAILABLE and its like where somebody is only just away.
 */
export async function seed({ users, gatewayUrl, credentials }: SeedOptions): Promise<void> {
  const client = createClient(UserServiceDefinition, users);
  await client.provisionUser({
    email: OPERATOR_EMAIL,
    password: credentials.operatorPassword,
    displayName: 'Operator',
    roles: ['operator'],
  });
  await client.provisionUser({
    email: CUSTOMER_EMAIL,
    password: credentials.customerPassword,
    displayName: 'Customer',
    roles: ['customer'],
  });
  const { accessToken } = await post<{ accessToken: string }>(`${gatewayUrl}/v1/sessions`, {
    email: OPERATOR_EMAIL,
    password: credentials.operatorPassword,
  });
  for (const [sku, title, amountMinor, available] of PRODUCTS) {
    await post(
      `${gatewayUrl}/v1/products`,
      { sku, title, unitPrice: { currency: 'EUR', amountMinor }, available },
      accessToken,
      409,
    );
  }
}

const POST_MS = 10_000;

async function post<T>(url: string, body: object, token?: string, tolerated?: number): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(POST_MS),
  }).catch((cause: unknown) => {
    throw new AppError('UNAVAILABLE', 'SEED_FAILED', `POST ${url} was not answered`, { cause });
  });
  if (!response.ok && response.status !== tolerated) {
    const code = response.status >= 500 || response.status === 429 ? 'UNAVAILABLE' : 'INTERNAL';
    throw new AppError(code, 'SEED_FAILED', `POST ${url} answered ${response.status}: ${await response.text()}`);
  }
  return (await response.json()) as T;
}
