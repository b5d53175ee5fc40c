import { eventually, startEtcdProcess } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import { connectEtcd } from './index.ts';
import { silent } from './silent-log.ts';

test('one client goes on over a server that is killed and comes back, as it was or as another cluster', async () => {
  const server = await startEtcdProcess();
  onTestFinished(() => server.stop());
  const etcd = connectEtcd({ endpoints: [server.endpoint], log: silent });
  onTestFinished(() => etcd.close());
  await etcd.put('/a', '1');
  const { clusterId } = await etcd.list('/');

  await server.kill();
  await expect(etcd.get('/a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await server.start();
  await eventually(async () => expect((await etcd.get('/a'))?.value).toBe('1'), { timeoutMs: 20_000 });

  await server.kill();
  await server.start('empty');
  await eventually(async () => expect((await etcd.list('/')).entries).toEqual([]), { timeoutMs: 20_000 });
  expect((await etcd.list('/')).clusterId).not.toBe(clusterId);
});
