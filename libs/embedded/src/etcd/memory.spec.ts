import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from './test-support/etcd-client.ts';
import type { MemoryReport } from './test-support/memory-server.ts';
import { entry, key, prefix } from './test-support/requests.ts';

const MIB = 1024 * 1024;
/** Of the server: small, so that the test writes many times what they hold. */
const HISTORY = { historyRevisions: 2_000, historyBytes: 8 * MIB };

/** Bytes of everything else: the program itself, the live data, and what HTTP/2 holds of answers under way. */
const REST = 72 * MIB;

/** The server in a process of its own, which tells what it holds in memory. */
async function startServer() {
  const script = fileURLToPath(new URL('test-support/memory-server.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(HISTORY)], { execArgv: ['--expose-gc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [endpoint] = (await once(child, 'message')) as [string];
  const etcd = connect(endpoint);
  onTestFinished(() => etcd.close());
  return {
    etcd,
    /** Bytes, after a collection. */
    async held(): Promise<number> {
      child.send('report');
      const [report] = (await once(child, 'message')) as [MemoryReport];
      return report.heapUsed + report.external;
    },
  };
}

test('memory stays bounded, whatever is written and however slowly watchers read', { timeout: 180_000 }, async () => {
  const server = await startServer();
  const { etcd } = server;
  const slow = Array.from({ length: 5 }, () => etcd.watch());
  for (const stream of slow) {
    stream.send({ createRequest: { ...prefix('k'), prevKv: true } });
    await stream.next();
    stream.pause();
  }
  const value = 'x'.repeat(50_000);
  let written = 0;
  /** Large values over each other, small keys that come and go, leases that come and go. */
  async function write(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const { ID } = await etcd.leaseGrant({ TTL: 600 });
      await Promise.all(Array.from({ length: 10 }, (_, index) => etcd.put(entry(`k${index}`, value))));
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => etcd.put({ ...entry(`k/${written}/${index}`, 'small'), lease: ID })),
      );
      await etcd.leaseRevoke({ ID });
      written += 10 * value.length;
    }
  }
  const seen: number[] = [];
  for (let part = 0; part < 4; part += 1) {
    await write(75);
    seen.push(await server.held());
  }
  expect(written).toBeGreaterThan(15 * HISTORY.historyBytes);
  expect(Math.max(...seen)).toBeLessThan(HISTORY.historyBytes + REST);

  // What is left can be read: the newest revisions, and no others.
  const { header, count } = await etcd.range(prefix('k'));
  expect(count).toBe('10');
  const now = Number(header.revision);
  await expect(etcd.range({ ...key('k0'), revision: now - HISTORY.historyRevisions * 2 })).rejects.toMatchObject({
    code: 11,
  });
  await etcd.range({ ...key('k0'), revision: now - 20 });
  // And each slow watcher is told that it came too late.
  for (const stream of slow) {
    stream.resume();
    for (let reply = await stream.next(); !reply.canceled; reply = await stream.next());
  }
});
