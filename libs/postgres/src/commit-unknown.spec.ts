import { connect as connectSocket, createServer, type AddressInfo } from 'node:net';
import { useDatabase } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import { CommitUnknownError, connectDatabase } from './index.ts';

/** A proxy that cuts a connection when a COMMIT passes: before the server hears of it, or after. */
async function cuttingProxy(url: string, when: 'before' | 'after'): Promise<string> {
  const { hostname, port } = new URL(url);
  const server = createServer((client) => {
    const upstream = connectSocket(Number(port), hostname);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (chunk) => {
      if (chunk.includes('COMMIT\0')) client.destroy();
      else client.write(chunk);
    });
    client.on('data', (chunk) => {
      if (when === 'before' && chunk.includes('COMMIT')) client.destroy();
      else upstream.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return through.href;
}

test.each([
  ['before', 0],
  ['after', 1],
] as const)('a connection lost %s the server heard of COMMIT: unknown, not run again (%i rows)', async (when, rows) => {
  const { url } = await useDatabase('commit');
  const direct = connectDatabase({ url, applicationName: 'direct' });
  const database = connectDatabase({ url: await cuttingProxy(url, when), applicationName: 'cut' });
  onTestFinished(async () => {
    await Promise.all([direct.close(), database.close()]);
  });
  await direct.query('CREATE TABLE t (id int)');
  let runs = 0;
  const lost: unknown = await database
    .transaction(async (tx) => {
      runs += 1;
      await tx.query('INSERT INTO t VALUES (1)');
    })
    .catch((error: unknown) => error);
  expect(lost).toBeInstanceOf(CommitUnknownError);
  expect(lost).toMatchObject({ code: 'UNAVAILABLE', reason: 'COMMIT_UNKNOWN' });
  expect(runs).toBe(1);
  expect(await direct.query('SELECT id FROM t')).toHaveLength(rows);
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a COMMIT that Postgres itself refuses is a plain failure: a deferred constraint', async () => {
  const { url } = await useDatabase('deferred');
  const database = connectDatabase({ url, applicationName: 'deferred' });
  onTestFinished(() => database.close());
  await database.query('CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
  await expect(database.transaction((tx) => tx.query('INSERT INTO t VALUES (1), (1)'))).rejects.toThrow(
    'duplicate key',
  );
});
