import { connectEtcd, type Etcd } from '@stampede/etcd';
import { eventually, useEtcd } from '@stampede/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { loadConfig } from './index.ts';

const schema = z.object({
  expiry: z.object({ seconds: z.number().int().positive().default(900) }),
  title: z.string().default('order'),
});

async function setup() {
  const [first, second] = [await useEtcd(), await useEtcd()];
  onTestFinished(async () => {
    await first.stop();
    await second.stop();
  });
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const connect = (...endpoints: string[]): Etcd => {
    const etcd = connectEtcd({ endpoints, log });
    onTestFinished(() => etcd.close());
    return etcd;
  };
  const load = async (...endpoints: string[]) => {
    const etcd = connect(...endpoints);
    const config = await loadConfig({ service: 'order', schema, env: {}, etcd, log, startTimeoutMs: 2_000 });
    onTestFinished(() => config.close());
    return config;
  };
  return { first, second, log, connect, load };
}

test('what is put is in force in every process, what is invalid is not', async () => {
  const { first, connect, load, log } = await setup();
  const etcd = connect(first.endpoint);
  await etcd.put('/config/order/title', '"shop"');
  const configs = [await load(first.endpoint), await load(first.endpoint)];
  for (const config of configs) expect(config.current).toEqual({ expiry: { seconds: 900 }, title: 'shop' });
  await etcd.put('/config/order/expiry/seconds', '60');
  await eventually(() => configs.forEach((config) => expect(config.current.expiry.seconds).toBe(60)), {
    timeoutMs: 10_000,
  });
  await etcd.put('/config/order/expiry/seconds', '"never"');
  await etcd.put('/config/order/title', '"still works"');
  await eventually(() => configs.forEach((config) => expect(config.current.title).toBe('still works')));
  for (const config of configs) expect(config.current.expiry.seconds).toBe(60);
  expect(log.warn).toHaveBeenCalledWith(
    { key: '/config/order/expiry/seconds', reason: expect.stringContaining('expiry.seconds') as string },
    expect.anything(),
  );
});

test('etcd gone and back empty: the last good configuration, then what is put there', async () => {
  const { first, second, connect, load } = await setup();
  await connect(first.endpoint).put('/config/order/expiry/seconds', '60');
  const config = await load(first.endpoint, second.endpoint);
  expect(config.current.expiry.seconds).toBe(60);
  await first.stop();
  await connect(second.endpoint).put('/config/order/title', '"second"');
  await eventually(() => expect(config.current).toEqual({ expiry: { seconds: 60 }, title: 'second' }), {
    timeoutMs: 10_000,
  });
});

test('nothing listening at all does not stop a start', async () => {
  const { first, load, log } = await setup();
  await first.stop();
  const config = await load(first.endpoint);
  expect(config.current).toEqual({ expiry: { seconds: 900 }, title: 'order' });
  expect(log.warn).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('etcd has not answered'));
});
