import { afterAll, beforeAll, expect, test } from 'vitest';
import { lostOf, startLoad } from './support/load.ts';
import { startRig, type Rig } from './support/rig.ts';
import { logIn, newProduct } from './support/shopper.ts';
import { auditStack } from './support/stack.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ instances: { inventory: 2 }, linked: true });
}, 150_000);
afterAll(() => rig.close());

test('the shop works over its links, and every part can be taken away and given back', async () => {
  const operator = await logIn(rig.stack, rig.stack.operator);
  const { token } = await logIn(rig.stack, rig.stack.customer);
  const sku = await newProduct(operator, 1_000_000);
  const load = startLoad({ gateways: () => rig.gateways, tokens: [token], skus: [sku] });
  await load.morePaid(20);

  for (const [name, { callers, database, etcd }] of rig.links) {
    if (!name.startsWith('inventory-1')) continue;
    for (const link of [callers, database, etcd]) {
      link?.freeze();
      await load.morePaid(5);
      link?.thaw();
      link?.cut();
      await load.morePaid(5);
      link?.heal();
      link?.delay(20);
      await load.morePaid(5);
      link?.delay(0);
    }
  }
  await rig.program('inventory-2').kill();
  await load.morePaid(5);
  await rig.program('inventory-2').start();
  process.kill(await rig.postmasterPid(), 'SIGKILL');
  await load.morePaid(20);
  process.kill(rig.etcdPid(), 'SIGKILL');
  await load.morePaid(20);
  await rig.killSupervisor();
  await rig.startSupervisor();
  await load.morePaid(20);

  await load.end();
  expect(load.failures).toEqual([]);
  expect(await auditStack(rig.stack)).toMatchObject({ clean: true, moving: 0 });
  expect(await lostOf(load, rig.gateways[0]!)).toEqual([]);
});
