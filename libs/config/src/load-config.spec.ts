import { createMemoryEtcd, type Etcd } from '@stampede/etcd';
import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { loadConfig, type LoadConfigOptions } from './index.ts';

const schema = z.object({
  expiry: z.object({ seconds: z.number().int().positive().default(900) }),
  payment: z
    .object({ timeoutMs: z.number().int().positive(), attempts: z.number().int() })
    .default({ timeoutMs: 2_000, attempts: 3 }),
  title: z.string().default('order'),
  regions: z.array(z.string()).default(['eu']),
  debug: z.boolean().default(false),
  limits: z
    .object({ min: z.number(), max: z.number() })
    .refine(({ min, max }) => min <= max, { path: ['min'], message: 'above max' })
    .prefault({ min: 1, max: 5 }),
});

function setup() {
  const clock = fakeClock();
  const server = createMemoryEtcd({ clock });
  const link = server.connect();
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const load = async (over: Partial<LoadConfigOptions<typeof schema>> = {}) => {
    const loading = loadConfig({
      service: 'order',
      schema,
      env: {},
      etcd: link,
      log,
      clock,
      random: () => 0.5,
      ...over,
    });
    loading.catch(() => undefined);
    await clock.advance(10);
    return loading;
  };
  const put = (path: string, value: unknown) =>
    server.store.put(`/config/order${path}`, typeof value === 'string' ? value : JSON.stringify(value));
  const warned = () => log.warn.mock.calls.map(([fields]) => fields as { key?: string; reason?: string });
  return { clock, server, link, log, load, put, warned };
}

test('without etcd and environment the defaults hold', async () => {
  const config = await setup().load({ etcd: undefined as unknown as Etcd });
  expect(config.current).toEqual({
    expiry: { seconds: 900 },
    payment: { timeoutMs: 2_000, attempts: 3 },
    title: 'order',
    regions: ['eu'],
    debug: false,
    limits: { min: 1, max: 5 },
  });
});

test('etcd wins over the environment, the environment over the defaults; the deeper key over the shallower', async () => {
  const { load, put } = setup();
  put('/payment/timeoutMs', 700);
  put('', { payment: { timeoutMs: 500, attempts: 9 }, debug: true });
  put('/regions', ['us', 'eu']);
  const env = {
    ORDER_PAYMENT_TIMEOUT_MS: '100',
    ORDER_PAYMENT_ATTEMPTS: '1',
    ORDER_EXPIRY_SECONDS: '60',
    ORDER_TITLE: '42',
  };
  const config = await load({ env });
  expect(config.current).toMatchObject({
    payment: { timeoutMs: 700, attempts: 9 },
    expiry: { seconds: 60 },
    title: '42',
    debug: true,
    regions: ['us', 'eu'],
  });
});

test('a change is in force as soon as the watch tells it, as a new frozen whole, and listeners hear both', async () => {
  const { load, put, clock } = setup();
  const config = await load();
  const before = config.current;
  const heard = vi.fn();
  const end = config.onChange(heard);
  put('/expiry/seconds', 5);
  await clock.advance(0);
  expect(config.current.expiry.seconds).toBe(5);
  expect(before.expiry.seconds).toBe(900);
  expect(heard).toHaveBeenCalledExactlyOnceWith(config.current, before);
  for (const part of [config.current, config.current.expiry, config.current.regions])
    expect(Object.isFrozen(part)).toBe(true);
  put('/expiry/seconds', 5);
  put('/unrelated', 1);
  await clock.advance(0);
  expect(heard).toHaveBeenCalledTimes(1);
  end();
  put('/expiry/seconds', 6);
  await clock.advance(0);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(config.current.expiry.seconds).toBe(6);
});

test('a listener that throws is logged and harms nobody', async () => {
  const { load, put, clock, log } = setup();
  const config = await load();
  config.onChange(() => {
    throw new Error('broken');
  });
  const heard = vi.fn();
  config.onChange(heard);
  put('/debug', true);
  await clock.advance(0);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(log.error).toHaveBeenCalledTimes(1);
});

test.each([
  ['a wrong type', '/expiry/seconds', '"soon"', 'expiry.seconds'],
  ['a value that breaks a rule', '/expiry/seconds', '-1', 'expiry.seconds'],
  ['no JSON', '/expiry/seconds', '{5', 'not JSON'],
  ['an unknown key', '/expiry/minutes', '5', 'there is no expiry.minutes'],
  ['a key into a value', '/regions/0', '"us"', 'there is no regions.0'],
  ['a value in place of a part', '/expiry', '5', 'expiry must be an object'],
  ['a list in place of the whole', '', '[]', 'must be an object'],
])('%s changes nothing and is logged with key and reason', async (_, path, value, reason) => {
  const { load, put, clock, warned } = setup();
  put('/expiry/seconds', 30);
  const config = await load();
  const before = config.current;
  put(path, value);
  await clock.advance(0);
  expect(config.current).toBe(before);
  expect(warned()).toEqual([expect.objectContaining({ key: `/config/order${path}` })]);
  expect(warned()[0]?.reason).toContain(reason);
});

test('one bad key holds no good one up, whenever they come, and is logged once', async () => {
  const { load, put, clock, log } = setup();
  put('/expiry/seconds', '"bad"');
  put('/title', '"good"');
  const config = await load();
  expect(config.current).toMatchObject({ title: 'good', expiry: { seconds: 900 } });
  put('/debug', true);
  await clock.advance(0);
  expect(config.current.debug).toBe(true);
  expect(log.warn).toHaveBeenCalledTimes(1);
  put('/expiry/seconds', 7);
  await clock.advance(0);
  expect(config.current.expiry.seconds).toBe(7);
});

test('values that only hold together come into force together, beside a bad one', async () => {
  const { load, put, clock, link, warned } = setup();
  const config = await load();
  link.cut();
  put('/limits/min', 10);
  put('/limits/max', 20);
  put('/expiry/seconds', '"bad"');
  link.heal();
  await clock.advance(1_000);
  expect(config.current.limits).toEqual({ min: 10, max: 20 });
  expect(warned().filter(({ key }) => key !== undefined)).toEqual([
    expect.objectContaining({ key: '/config/order/expiry/seconds' }),
  ]);
});

test('a value that waits for another is taken when that comes, and the order does not matter', async () => {
  const { load, put, clock } = setup();
  const config = await load();
  put('/limits/min', 10);
  await clock.advance(0);
  expect(config.current.limits).toEqual({ min: 1, max: 5 });
  put('/limits/max', 20);
  await clock.advance(0);
  expect(config.current.limits).toEqual({ min: 10, max: 20 });
});

test('a value that was replaced before its time comes into force never', async () => {
  const { load, put, clock } = setup();
  const config = await load();
  put('/limits/min', 10);
  await clock.advance(0);
  put('/limits/min', 'no JSON');
  await clock.advance(0);
  put('/limits/max', 20);
  await clock.advance(0);
  expect(config.current.limits).toEqual({ min: 1, max: 20 });
});

test('the deeper key wins though the shallower one comes later', async () => {
  const { load, put, clock } = setup();
  put('/payment/timeoutMs', 700);
  const config = await load();
  put('/payment', { timeoutMs: 500, attempts: 9 });
  await clock.advance(0);
  expect(config.current.payment).toEqual({ timeoutMs: 700, attempts: 9 });
});

test.each([
  ['that blames a place', ['pair']],
  ['that blames nobody', []],
])(
  'a rule over several values %s: those that only hold together are found beside those that never do',
  async (_, path) => {
    const number = z.number().default(0);
    const ruled = z
      .object({ pair: z.object({ a: number, b: number }), most: number, least: number, other: number, bad: number })
      .refine(({ pair }) => pair.a === pair.b, { path, message: 'not a pair' })
      .refine(({ most, least }) => least <= most, { path: [], message: 'crossed' })
      .refine(({ bad }) => bad === 0, { path: [], message: 'bad' });
    const { clock, link, put, log } = setup();
    const loading = loadConfig({ service: 'order', schema: ruled, env: {}, etcd: link, log, clock, random: () => 0.5 });
    await clock.advance(10);
    const config = await loading;
    link.cut();
    put('/pair', { a: 7, b: 7 });
    put('/other', 1);
    put('/least', 20);
    put('/most', 30);
    put('/bad', 1);
    link.heal();
    await clock.advance(1_000);
    expect(config.current).toEqual({ pair: { a: 7, b: 7 }, most: 30, least: 20, other: 1, bad: 0 });
  },
);

test('a pair of keys neither of which holds alone comes into force beside one of a wrong type', async () => {
  const pair = z.object({ a: z.number().default(0), b: z.number().default(0), c: z.number().default(0) });
  const ruled = pair.refine(({ a, b }) => a === b, { path: ['a'], message: 'not a pair' });
  const { clock, link, put, log, warned } = setup();
  const loading = loadConfig({ service: 'order', schema: ruled, env: {}, etcd: link, log, clock, random: () => 0.5 });
  await clock.advance(10);
  const config = await loading;
  link.cut();
  put('/a', 7);
  put('/b', 7);
  put('/c', '"wrong"');
  link.heal();
  await clock.advance(1_000);
  expect(config.current).toEqual({ a: 7, b: 7, c: 0 });
  expect(warned().filter(({ key }) => key !== undefined)).toMatchObject([{ key: '/config/order/c' }]);
});

test('fields that a value names and nobody knows are logged; the others count', async () => {
  const { load, put, log } = setup();
  put('/payment', { timeoutMs: 9, retries: 1 });
  const config = await load();
  expect(config.current.payment).toEqual({ timeoutMs: 9, attempts: 3 });
  expect(log.warn).toHaveBeenCalledWith(
    { key: '/config/order/payment', unknown: ['payment.retries'] },
    expect.anything(),
  );
});

test('a key that vanishes changes nothing and is logged; put again it counts again', async () => {
  const { load, put, clock, server, warned } = setup();
  put('/expiry/seconds', 30);
  const config = await load();
  server.store.delete('/config/order/expiry/seconds');
  await clock.advance(0);
  expect(config.current.expiry.seconds).toBe(30);
  expect(warned()).toEqual([{ key: '/config/order/expiry/seconds', reason: 'the key has vanished' }]);
  put('/expiry/seconds', 31);
  await clock.advance(0);
  expect(config.current.expiry.seconds).toBe(31);
});

test("another service's keys are none of ours, be its name ours and more", async () => {
  const { load, server, clock, log } = setup();
  const config = await load();
  const before = config.current;
  server.store.put('/config/orders/expiry/seconds', '1');
  server.store.put('/config/order-eu', '{"expiry":{"seconds":1}}');
  await clock.advance(0);
  expect(config.current).toBe(before);
  expect(log.warn).not.toHaveBeenCalled();
});

test('etcd away at the start: the environment and defaults with a warning, and its values once it is there', async () => {
  const { load, put, clock, server, log } = setup();
  put('/expiry/seconds', 30);
  server.stop();
  const loading = load({ env: { ORDER_TITLE: 'x' } });
  await clock.advance(3_000);
  const config = await loading;
  expect(config.current).toMatchObject({ expiry: { seconds: 900 }, title: 'x' });
  expect(log.warn).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('etcd has not answered'));
  server.start();
  await clock.advance(2_500);
  expect(config.current.expiry.seconds).toBe(30);
});

test('etcd back empty, as another cluster: the last good configuration stays', async () => {
  const { load, put, clock, server, warned } = setup();
  put('/expiry/seconds', 30);
  put('/title', '"kept"');
  const config = await load();
  const before = config.current;
  server.stop();
  await clock.advance(50_000);
  server.start('empty');
  await clock.advance(5_000);
  expect(config.current).toBe(before);
  expect(warned().filter(({ reason }) => reason === 'the key has vanished')).toHaveLength(2);
  put('/title', '"new"');
  await clock.advance(0);
  expect(config.current).toMatchObject({ expiry: { seconds: 30 }, title: 'new' });
});

test('after close nothing comes in', async () => {
  const { load, put, clock } = setup();
  const config = await load();
  await config.close();
  put('/expiry/seconds', 1);
  await clock.advance(100_000);
  expect(config.current.expiry.seconds).toBe(900);
  expect(clock.pending).toBe(0);
});

test.each([
  ['no number', { ORDER_EXPIRY_SECONDS: 'soon' }, ['ORDER_EXPIRY_SECONDS']],
  ['nothing', { ORDER_EXPIRY_SECONDS: '' }, ['ORDER_EXPIRY_SECONDS']],
  ['a broken rule', { ORDER_EXPIRY_SECONDS: '-5' }, ['ORDER_EXPIRY_SECONDS']],
  ['several at once', { ORDER_DEBUG: 'yes', ORDER_REGIONS: 'eu' }, ['ORDER_REGIONS', 'ORDER_DEBUG']],
])('a bad variable is refused at once, by name and without its value: %s', async (_, env, fields) => {
  const failure: unknown = await setup()
    .load({ env })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ reason: 'CONFIG_INVALID', violations: fields.map((field) => ({ field })) });
  expect(String(failure)).not.toContain('yes');
});

test('a variable that only the whole refuses is refused, too', async () => {
  await expect(setup().load({ env: { ORDER_LIMITS_MIN: '50' } })).rejects.toMatchObject({
    reason: 'CONFIG_INVALID',
    violations: [{ field: 'limits.min', description: expect.stringContaining('ORDER_LIMITS_MIN') as string }],
  });
});

test.each([
  ['text where text is wanted, though it looks like a number', 'ORDER_TITLE', '42', { title: '42' }],
  ['JSON elsewhere', 'ORDER_REGIONS', '["a","b"]', { regions: ['a', 'b'] }],
  ['booleans', 'ORDER_DEBUG', 'true', { debug: true }],
  ['a part of a default', 'ORDER_PAYMENT_ATTEMPTS', '9', { payment: { timeoutMs: 2_000, attempts: 9 } }],
])('a variable is read as %s', async (_, name, text, expected) => {
  const config = await setup().load({ env: { [name]: text } });
  expect(config.current).toMatchObject(expected);
});

test('the prefix can be chosen; variables that begin like ours and belong to nothing are logged, without their values', async () => {
  const { load, log } = setup();
  const config = await load({
    envPrefix: 'SHOP',
    env: { SHOP_EXPIRY_SECONDS: '5', SHOP_EXPIRY_SECNODS: 'secret', ORDER_EXPIRY_SECONDS: '6' },
  });
  expect(config.current.expiry.seconds).toBe(5);
  expect(log.warn).toHaveBeenCalledWith({ variables: ['SHOP_EXPIRY_SECNODS'] }, expect.anything());
  expect(JSON.stringify(log.warn.mock.calls)).not.toContain('secret');
});

test('a schema with two names for one variable is refused', async () => {
  const ambiguous = z.object({
    payment: z.object({ timeoutMs: z.number().default(1) }),
    paymentTimeoutMs: z.number().default(1),
  });
  const { log } = setup();
  await expect(loadConfig({ service: 'order', schema: ambiguous, env: {}, log })).rejects.toMatchObject({
    reason: 'CONFIG_AMBIGUOUS',
    violations: [{ field: 'ORDER_PAYMENT_TIMEOUT_MS' }],
  });
});

test('what nobody sets and has no default is refused with its places; etcd alone may set it', async () => {
  const needy = z.object({ shop: z.object({ name: z.string(), url: z.url().optional() }) });
  const { clock, link, put, log } = setup();
  const load = async () => {
    const loading = loadConfig({ service: 'order', schema: needy, env: {}, etcd: link, log, clock });
    loading.catch(() => undefined);
    await clock.advance(10);
    return loading;
  };
  await expect(load()).rejects.toMatchObject({
    reason: 'CONFIG_INVALID',
    violations: [
      {
        field: 'shop.name',
        description: expect.stringMatching(/ORDER_SHOP_NAME.*\/config\/order\/shop\/name/) as string,
      },
    ],
  });
  expect(clock.pending).toBe(0);
  put('/shop/name', '"Ours"');
  expect((await load()).current).toEqual({ shop: { name: 'Ours' } });
});

test('null stands where a part may be null, and a field of it brings it back', async () => {
  const nullable = z.object({
    cache: z
      .object({ size: z.number().default(1) })
      .nullable()
      .default({ size: 2 }),
  });
  const { clock, link, put, log } = setup();
  put('/cache', 'null');
  const loading = loadConfig({ service: 'order', schema: nullable, env: {}, etcd: link, log, clock });
  await clock.advance(10);
  const config = await loading;
  expect(config.current).toEqual({ cache: null });
  put('/cache/size', '7');
  await clock.advance(0);
  expect(config.current).toEqual({ cache: { size: 7 } });
});
