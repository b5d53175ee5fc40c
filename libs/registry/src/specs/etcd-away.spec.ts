import { loadConfig } from '@stampede/config';
import { eventually, startEtcdProcess } from '@stampede/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { silent } from '../silent-log.ts';
import { connect, keyOf, LEASE_SECONDS, startCaller, startInstance, startLoad } from './setup.ts';

/** Milliseconds; longer than anything here takes on a busy machine. */
const PATIENCE = { timeoutMs: 30_000 };
const IDS = ['a', 'b', 'c'];

test('etcd killed for five lease times under load, then back empty: no call fails, all register again in time, configuration stays', async () => {
  const server = await startEtcdProcess();
  onTestFinished(() => server.stop());
  const etcd = connect(server.endpoint);
  await etcd.put('/config/who/limit', '7');
  const instances = await Promise.all(IDS.map((id) => startInstance(id, server.endpoint)));
  const schema = z.object({ limit: z.int().default(1) });
  const config = await loadConfig({ service: 'who', schema, env: {}, etcd: connect(server.endpoint), log: silent });
  onTestFinished(() => config.close());
  const caller = startCaller(connect(server.endpoint));
  await eventually(async () => expect(await caller.answering()).toEqual(IDS), PATIENCE);
  expect(config.current.limit).toBe(7);

  const load = startLoad(caller.call);
  await server.kill();
  load.seen.answered.clear();
  const before = load.seen.calls;
  await sleep(5 * LEASE_SECONDS * 1000);
  expect(load.seen.errors).toEqual([]);
  expect(load.seen.calls - before).toBeGreaterThan(100);
  expect([...load.seen.answered].sort()).toEqual(IDS);
  expect(caller.listed()).toEqual(IDS);

  await server.start('empty');
  const since = performance.now();
  const registered = async () => (await etcd.list('/services/who/')).entries;
  await eventually(async () => expect((await registered()).map(({ key }) => key)).toEqual(IDS.map(keyOf)), PATIENCE);
  expect(performance.now() - since).toBeLessThan(LEASE_SECONDS * 1000 + 5_000);
  for (const { leaseId } of await registered()) expect(leaseId).toBeDefined();
  await eventually(() => expect([caller.listed(), caller.fading()]).toEqual([IDS, []]), PATIENCE);
  expect(config.current.limit).toBe(7);
  await etcd.put('/config/who/limit', '9');
  await eventually(() => expect(config.current.limit).toBe(9), PATIENCE);
  expect(await caller.answering()).toEqual(IDS);
  await load.stop();
  expect(load.seen.errors).toEqual([]);
  expect(instances.map((instance) => instance.alive())).toEqual([true, true, true]);
}, 120_000);
