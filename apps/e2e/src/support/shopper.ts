import { randomUUID } from 'node:crypto';
import type { Stack } from './stack.ts';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface OrderBody {
  readonly id: string;
  readonly status: string;
  readonly reason: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly total: { readonly currency: string; readonly amountMinor: string };
}

/** application/problem+json as the gateway writes it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
}

/** Somebody with a token, in front of the gateway. */
export interface Shopper {
  readonly token: string;
  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>>;
  post<T = Record<string, unknown>>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
  /** Places an order under a key of its own unless one is given. */
  buy(
    items: readonly { sku: string; quantity: number }[],
    options?: { paymentToken?: string; key?: string; prefer?: string },
  ): Promise<Answer<OrderBody & Problem>>;
}

export async function call<T = Record<string, unknown>>(url: string, init: RequestInit = {}): Promise<Answer<T>> {
  const response = await fetch(url, init);
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T };
}

export function postJson<T = Record<string, unknown>>(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  return call<T>(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

export async function logIn(stack: Stack, { email, password }: { email: string; password: string }): Promise<Shopper> {
  const { status, body } = await postJson<{ accessToken: string }>(`${stack.url}/v1/sessions`, { email, password });
  if (status !== 201) throw new Error(`${email} cannot log in: ${status} ${JSON.stringify(body)}`);
  return shopper(stack, body.accessToken);
}

/** Registers somebody new and logs in. */
export async function newShopper(stack: Stack): Promise<Shopper> {
  const account = {
    email: `${randomUUID()}@example.com`,
    password: 'correct horse battery',
    displayName: 'Somebody New',
  };
  const { status, body } = await postJson(`${stack.url}/v1/users`, account);
  if (status !== 201) throw new Error(`cannot register: ${status} ${JSON.stringify(body)}`);
  return logIn(stack, account);
}

/** A new product with this stock, made by the operator. */
export async function newProduct(operator: Shopper, available: number, amountMinor = 1_000): Promise<string> {
  const sku = `sku-${randomUUID()}`;
  const { status, body } = await operator.post('/v1/products', {
    sku,
    title: 'A thing',
    unitPrice: { currency: 'EUR', amountMinor },
    available,
  });
  if (status !== 201) throw new Error(`cannot make a product: ${status} ${JSON.stringify(body)}`);
  return sku;
}

function shopper(stack: Stack, token: string): Shopper {
  const authorization = `Bearer ${token}`;
  const post: Shopper['post'] = (path, body = {}, headers = {}) =>
    postJson(`${stack.url}${path}`, body, { authorization, ...headers });
  return {
    token,
    get: (path) => call(`${stack.url}${path}`, { headers: { authorization } }),
    post,
    buy: (items, { paymentToken = 'tok_visa', key = randomUUID(), prefer } = {}) =>
      post('/v1/orders', { items, paymentToken }, { 'idempotency-key': key, ...(prefer !== undefined && { prefer }) }),
  };
}
