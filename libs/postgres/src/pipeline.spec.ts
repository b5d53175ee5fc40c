import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { useDatabase } from '@stampede/testing';
import { expect, test } from 'vitest';
import { connectDatabase } from './index.ts';

test.each([
  [true, 2],
  [false, 6],
])(
  'with pipeline %s a transaction that asks, decides and writes waits for Postgres %i times',
  async (pipeline, waits) => {
    const { url } = await useDatabase('round_trips');
    const server = new URL(url);
    let trips = 0;
    const proxy = createServer((client) => {
      const postgres = connect(Number(server.port), server.hostname);
      let answered = true;
      client.on('data', (chunk) => {
        if (answered) trips += 1;
        answered = false;
        postgres.write(chunk);
      });
      postgres.on('data', (chunk) => {
        answered = true;
        client.write(chunk);
      });
      client.on('close', () => postgres.destroy());
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const through = new URL(url);
    through.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const database = connectDatabase({ url: through.href, applicationName: 'spec', max: 1, pipeline });
    const decide = () =>
      database.transaction(async (tx) => {
        await Promise.all([tx.query('SELECT 1'), tx.query('SELECT 2')]);
        void tx.query('SELECT 3');
        void tx.query('SELECT 4');
      });
    await decide();
    trips = 0;
    await decide();
    expect(trips).toBe(waits);
    await database.close();
    proxy.close();
  },
);
