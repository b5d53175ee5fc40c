import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditStack, processesOf, startStack, type Stack } from '@stampede/testing';
import type { BenchOptions } from '../bench.ts';
import type { Watched } from '../measure/cpu-time.ts';
import { countLost } from './audit.ts';
import { OURS, type BenchPostgres } from './database.ts';
import { findingOf, judge } from './judge.ts';
import { CUSTOMERS, PRICE, SKUS, UNITS, type Shop } from './shop.ts';
import { makeTestKey, mintMany, type TestKey } from './test-keys.ts';

/** How long orders may take to come to rest before the books are looked at. */
const QUIET_SECONDS = 120;
const TRUST_MS = 20_000;
const MAKERS = 8;

/** Our shop, of which more than its orders can be looked at. */
export interface StampedeShop extends Shop {
  readonly stack: Stack;
  addProduct(sku: string, available: number): Promise<void>;
  /** SKUs of which more went out than came in. */
  oversold(): Promise<number>;
}

/** What a shop is started with beside what ships. */
export interface ShopSettings {
  /** Variables for the stack and all that it starts. */
  readonly env?: Readonly<Record<string, string>>;
  /** As STAMPEDE_INSTANCES. */
  readonly instances?: string;
}

/** Brings our shop up as `npm start` does, on the bench's Postgres, with a key of the bench's among those that verify tokens. */
export async function openStampede(
  postgres: BenchPostgres,
  { scope, signal, say }: Pick<BenchOptions, 'scope' | 'signal' | 'say'>,
  skus: readonly string[] = SKUS,
  settings: ShopSettings = {},
): Promise<StampedeShop> {
  say('opening stampede …');
  const dataDir = await mkdtemp(path.join(tmpdir(), 'stampede-bench-'));
  scope.defer(() => rm(dataDir, { recursive: true, force: true }));
  const urls = OURS.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, postgres.urls[name]] as const);
  const env = { HOST: '127.0.0.1', LOG_LEVEL: 'warn', ...Object.fromEntries(urls), ...settings.env };
  const { instances } = settings;
  const stack = await startStack({ dataDir, env, tied: true, signal, ...(instances !== undefined && { instances }) });
  scope.defer(async () => {
    await stack.stop();
  });

  const key = await makeTestKey();
  await publish(key, postgres);
  const operator = await key.mint(['operator']);
  await accepted(stack.url, operator, signal);
  const addProduct = (sku: string, available: number) => createProduct(stack.url, operator, sku, available);
  await makeAll(skus, (sku) => addProduct(sku, UNITS));
  const tokens = await mintMany(CUSTOMERS, () => key.mint(['customer']));
  const { hostname, port } = new URL(stack.url);

  return {
    name: 'stampede',
    stack,
    target: { host: hostname, port: Number(port), tokens, skus },
    processes: processesOf(dataDir).map(watched),
    addProduct,
    async audit(acknowledged) {
      const paid = await postgres.within('order', (database) =>
        database.query<{ key: string }>(
          `SELECT idempotency_key AS key FROM orders WHERE status IN ('PAID', 'SHIPPED')`,
        ),
      );
      return { ...judge(await auditStack(stack, QUIET_SECONDS)), lost: countLost(acknowledged, paid) };
    },
    oversold: async () => findingOf(await auditStack(stack, 0), 'stock').broken,
  };
}

/** The key verifies from now on and never signs: to the user service it is one whose time to sign is over. */
async function publish({ kid, x }: TestKey, postgres: BenchPostgres): Promise<void> {
  await postgres.within('user', (database) =>
    database.query(
      `INSERT INTO signing_keys (kid, x, d, activate_time, retire_time, expire_time)
       VALUES ($1, $2, '', now() - interval '2 s', now() - interval '1 s', now() + interval '1 day')`,
      [kid, x],
    ),
  );
}

/** Waits until the gateway knows the key: it asks for new ones every few seconds at most. */
async function accepted(url: string, token: string, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + TRUST_MS;
  for (;;) {
    const response = await fetch(`${url}/v1/orders`, { headers: { authorization: `Bearer ${token}` }, signal });
    const answer = await response.text();
    if (response.ok) return;
    if (performance.now() > giveUpAt) throw new Error(`the bench's key is not accepted: ${response.status} ${answer}`);
    await sleep(100, undefined, { signal });
  }
}

async function createProduct(url: string, token: string, sku: string, available: number): Promise<void> {
  const response = await fetch(`${url}/v1/products`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ sku, title: sku, unitPrice: PRICE, available }),
  });
  if (!response.ok) throw new Error(`no product ${sku}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

async function makeAll<T>(items: readonly T[], make: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: MAKERS }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await make(item);
    }),
  );
}

/** `…/apps/order/src/main.ts` is order, `…/backing/etcd-process.ts` is etcd. */
function watched({ pid, command }: { readonly pid: number; readonly command: string }): Watched {
  return { pid, name: /(\w+)-process\.ts/.exec(command)?.[1] ?? /apps\/(\w+)\/src/.exec(command)?.[1] ?? 'other' };
}
