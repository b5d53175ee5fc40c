import { tcpLink, useDatabase } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import { connectDatabase } from './index.ts';

const STATEMENT_MS = 200;
/** A server that does not answer is given up 5 s after its own limit. */
const GIVEN_UP_MS = STATEMENT_MS + 5_000;

test.each([{ pipeline: false }, { pipeline: true }])(
  'a transaction whose connection falls silent is given up after one wait, not after another for its ROLLBACK ($pipeline)',
  async ({ pipeline }) => {
    const { url } = await useDatabase('silent');
    const { hostname, port } = new URL(url);
    const link = await tcpLink({ target: () => ({ host: hostname, port: Number(port) }) });
    const through = new URL(url);
    through.port = String(link.port);
    const database = connectDatabase({
      url: through.href,
      applicationName: 'silent',
      max: 1,
      acquireTimeoutMs: 300,
      statementTimeoutMs: STATEMENT_MS,
      pipeline,
    });
    onTestFinished(async () => {
      await database.close();
      await link.close();
    });

    await database.query('SELECT 1');
    const begun = performance.now();
    const outcome = database.transaction((tx) => {
      link.freeze();
      return tx.query('SELECT 2');
    });
    await expect(outcome).rejects.toMatchObject({
      code: expect.stringMatching(/UNAVAILABLE|RESOURCE_EXHAUSTED/) as string,
    });
    expect(performance.now() - begun).toBeLessThan(2 * GIVEN_UP_MS);
    link.thaw();
    expect(await database.query('SELECT 3 AS three')).toEqual([{ three: 3 }]);
  },
);
