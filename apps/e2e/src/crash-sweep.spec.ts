import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually, listedCrashPoints } from '@stampede/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { idOf, isVerdict, setScene, type Shop } from './support/crash-scene.ts';
import { WAYS } from './support/crash-ways.ts';
import { startRig } from './support/rig.ts';
import { logIn, type OrderBody } from './support/shopper.ts';
import { auditStack, ROOT } from './support/stack.ts';

const POINTS = await listedCrashPoints(pathToFileURL(path.join(ROOT, 'apps/order/README.md')));
const DAY_MS = 86_400_000;
/** Of so many points one is visited where nobody asks for more; another one each day. */
const ONE_OF = 10;

let shop: Shop;

beforeAll(async () => {
  // Who was killed stays listed for as long, at an address that serves its successor.
  vi.stubEnv('REGISTRATION_LEASE_SECONDS', '4');
  const rig = await startRig({
    env: {
      order: {
        ORDER_SAGA_LEASE_SECONDS: '1',
        ORDER_SAGA_POLL_MS: '100',
        ORDER_SAGA_MAX_BACKOFF_MS: '200',
        ORDER_CATALOG_TTL_MS: '3600000',
      },
      gateway: { GATEWAY_DRAIN_MS: '0' },
    },
  });
  shop = {
    rig,
    customer: await logIn(rig.stack, rig.stack.customer),
    operator: await logIn(rig.stack, rig.stack.operator),
  };
}, 150_000);
afterAll(async () => {
  await shop.rig.close();
  vi.unstubAllEnvs();
});

test('every step that the README of order lists has a way to it', () => {
  expect([...new Set(POINTS.map(stepOf))]).toEqual(Object.keys(WAYS));
});

const points = chosen(process.env['STAMPEDE_SWEEP']);
process.stdout.write(`the sweep visits ${points.length} of ${POINTS.length} points (STAMPEDE_SWEEP=all visits all)\n`);

test.each(points)(
  'killed at %s and started again, the shop owes nobody anything',
  async (point) => {
    const { ends, drive, units = 1, token = 'tok_visa' } = WAYS[stepOf(point)]!;
    const { rig, customer } = shop;
    const scene = await setScene(shop, point, { units, token });
    await drive(scene, rig);
    await scene.died();
    await scene.mend();
    const id = await scene.repeat();
    // An audit that met too many of those who were killed, and did not get through, is tried again.
    const audit = await eventually(() => auditStack(rig.stack), { timeoutMs: 30_000, intervalMs: 100 });
    expect(audit).toMatchObject({ clean: true, moving: 0 });
    expect((await customer.get<OrderBody>(`/v1/orders/${id}`)).body.status).toBe(ends);
    for (const answer of (await scene.told()).filter(isVerdict)) expect(idOf(answer)).toBe(id);
    expect(await scene.taken()).toBe(ends === 'PAID' || ends === 'SHIPPED' ? units : 0);
  },
  90_000,
);

function stepOf(point: string): string {
  return point.slice(0, point.lastIndexOf('.'));
}

/** `all`; or those that begin with one of a list (`order.pay,payment`); or, unasked, every tenth, in ten days all. */
function chosen(wish = ''): readonly string[] {
  if (wish === 'all') return POINTS;
  if (wish !== '') return POINTS.filter((point) => wish.split(',').some((start) => point.startsWith(start)));
  const today = Math.floor(Date.now() / DAY_MS);
  return POINTS.filter((_, index) => (index + today) % ONE_OF === 0);
}
