import { fork } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { protoRoot } from '@stampede/contracts';
import type { BenchOptions } from '../bench.ts';
import { installPeer, runIn } from '../process/install-peer.ts';
import { countLost } from './audit.ts';
import type { BenchPostgres } from './database.ts';
import { CUSTOMERS, PRICE, SKUS, UNITS, type Shop } from './shop.ts';

const SERVICES = ['inventory', 'payment', 'order'] as const;
const LIFETIME_S = 6 * 3_600;

type Options = Pick<BenchOptions, 'scope' | 'signal' | 'say'>;

/** Opens the shop of `peers/conventional`: NestJS with its gRPC transport and TypeORM, on databases of its own on the same Postgres. */
export async function openConventional(postgres: BenchPostgres, options: Options): Promise<Shop> {
  const { say } = options;
  const main = await build(options);
  say('opening the conventional shop …');
  const secret = randomBytes(32).toString('base64url');
  const ports = await freePorts(SERVICES.length + 1);
  const gatewayPort = ports[SERVICES.length] ?? 0;
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    PROTO_ROOT: protoRoot,
    JWT_SECRET: secret,
    GATEWAY_PORT: String(gatewayPort),
    ...Object.fromEntries(
      SERVICES.flatMap((name, index) => [
        [`${name.toUpperCase()}_URL`, `127.0.0.1:${ports[index] ?? 0}`],
        [`${name.toUpperCase()}_DATABASE_URL`, postgres.urls[`conventional_${name}`] ?? ''],
      ]),
    ),
  };
  const names = [...SERVICES, 'gateway'];
  const pids = await Promise.all(names.map((name) => start(main, name, env, options)));
  await postgres.within('conventional_inventory', (database) =>
    database.query(
      `WITH made AS (
         INSERT INTO products (sku, title, currency, "unitPriceMinor", available)
         SELECT sku, sku, $2, $3, $4 FROM unnest($1::text[]) AS sku RETURNING sku
       ) INSERT INTO stock_movements (sku, quantity) SELECT sku, $4 FROM made`,
      [SKUS, PRICE.currency, PRICE.amountMinor, UNITS],
    ),
  );

  return {
    name: 'conventional',
    target: { host: '127.0.0.1', port: gatewayPort, tokens: mintAll(secret), skus: SKUS },
    processes: names.map((name, index) => ({ name, pid: pids[index] ?? 0 })),
    async audit(acknowledged) {
      const counts = (database: string, sql: string) =>
        postgres.within(database, async (connected) => (await connected.query<{ count: number }>(sql))[0]?.count ?? -1);
      const paid = await postgres.within('conventional_order', (database) =>
        database.query<{ id: string; key: string }>(
          `SELECT id, "idempotencyKey" AS key FROM orders WHERE status = 'PAID'`,
        ),
      );
      const charged = await counts('conventional_payment', 'SELECT count(*) AS count FROM payments');
      const held = await counts(
        'conventional_inventory',
        `SELECT count(*) AS count FROM reservations WHERE state = 'HELD'`,
      );
      const differs = [charged, held].some((count) => count !== paid.length);
      return {
        oversold: await counts('conventional_inventory', OVERSOLD),
        doubleCharged: await counts('conventional_payment', DOUBLE_CHARGED),
        lost: countLost(acknowledged, paid),
        other: differs ? [`${paid.length} paid orders, ${charged} charges, ${held} reservations`] : [],
      };
    },
  };
}

/** Products whose count is not the sum of what came in and went out, or is below nothing. */
const OVERSOLD = `
  SELECT count(*) AS count FROM products
  LEFT JOIN (SELECT sku, sum(quantity) AS moved FROM stock_movements GROUP BY sku) AS ledger USING (sku)
  WHERE available < 0 OR available <> coalesce(moved, 0)`;

const DOUBLE_CHARGED = `
  SELECT count(*) AS count FROM (
    SELECT "orderId" FROM ledger_entries GROUP BY "orderId" HAVING count(*) <> 2 OR sum("amountMinor") <> 0
  ) AS wrong`;

/** Installs and compiles it, where that has not been done; answers the program. */
async function build({ say, signal }: Options): Promise<string> {
  const folder = await installPeer('conventional', { say, signal });
  const main = path.join(folder, 'dist', 'main.js');
  const sources = readdirSync(path.join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  const newest = Math.max(...sources.map((file) => statSync(path.join(folder, 'src', file)).mtimeMs));
  if (!existsSync(main) || statSync(main).mtimeMs < newest) {
    say('compiling the conventional shop (once) …');
    const tsc = path.join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
    await runIn(folder, process.execPath, [tsc, '-p', 'tsconfig.json'], signal);
  }
  return main;
}

async function start(main: string, name: string, env: NodeJS.ProcessEnv, { scope, signal }: Options): Promise<number> {
  const child = fork(main, [name], { execArgv: [], env, stdio: ['ignore', 2, 2, 'ipc'], signal });
  const exited = once(child, 'exit').catch(() => undefined);
  scope.defer(async () => {
    if (child.connected) child.disconnect();
    await exited;
  });
  const failed = exited.then(() => Promise.reject(new Error(`the conventional ${name} ended`)));
  failed.catch(() => undefined);
  await Promise.race([once(child, 'message', { signal }), failed]);
  return child.pid ?? 0;
}

/** HS256, as its documentation has it. */
function mintAll(secret: string): string[] {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  const header = part({ alg: 'HS256', typ: 'JWT' });
  return Array.from({ length: CUSTOMERS }, () => {
    const payload = part({ sub: randomUUID(), roles: ['customer'], iat: now, exp: now + LIFETIME_S });
    const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
    return `${header}.${payload}.${signature}`;
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
