import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { WORKSPACE } from './start-stack.ts';
import { CARELESS, startTestPostgres, type TestPostgres } from './test-postgres.ts';

/**
 * A `globalSetup` of vitest: lets all test files of a run share one embedded Postgres, started when the first of them asks for a database.
 * Without it, each worker process starts one of its own. Programs that tests start find what Node compiled for those before (half of what
 * starting one costs).
 */
export default async function setup(): Promise<() => Promise<void>> {
  process.env['NODE_COMPILE_CACHE'] ??= path.join(WORKSPACE, 'node_modules', '.cache', 'compiled');
  let postgres: Promise<TestPostgres> | undefined;
  const server = createServer((_request, response) => {
    (postgres ??= startTestPostgres({ settings: CARELESS })).then(
      ({ adminUrl }) => response.end(adminUrl),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['STAMPEDE_TEST_KEEPER'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async () => {
    server.close();
    server.closeAllConnections();
    (await postgres?.catch(() => undefined))?.release();
  };
}
