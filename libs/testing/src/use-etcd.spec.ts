import { connect } from 'node:http2';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { useEtcd } from './index.ts';

async function greets(endpoint: string): Promise<boolean> {
  const session = connect(endpoint);
  return once(session, 'remoteSettings').then(
    () => {
      session.destroy();
      return true;
    },
    () => false,
  );
}

test('each call starts one of its own, and stopping it ends it', async () => {
  const [one, two] = await Promise.all([useEtcd(), useEtcd()]);
  onTestFinished(() => two.stop());
  expect(one.endpoint).not.toBe(two.endpoint);
  expect(await greets(one.endpoint)).toBe(true);
  await one.stop();
  expect(await greets(one.endpoint)).toBe(false);
  expect(await greets(two.endpoint)).toBe(true);
});

test('an etcd binary that is none is told', async () => {
  vi.stubEnv('STAMPEDE_TEST_ETCD', '/nowhere/etcd');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(useEtcd()).rejects.toThrow(/nowhere/);
});
