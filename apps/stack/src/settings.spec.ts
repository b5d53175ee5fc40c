import path from 'node:path';
import { expect, test } from 'vitest';
import { NODE_FLAGS } from './node-flags.ts';
import { readSettings } from './settings.ts';

const apps = ['user', 'inventory', 'payment', 'order', 'gateway'].map((name) => ({ name, database: true, calls: [] }));

test('nothing said: one of each, in .stampede', () => {
  expect(readSettings({}, [], apps)).toEqual({
    dataDir: path.resolve('.stampede'),
    apps,
    instances: { user: 1, inventory: 1, payment: 1, order: 1, gateway: 1 },
    operatorPassword: undefined,
    host: '127.0.0.1',
    port: 8080,
    mode: 'apps',
    watch: false,
    nodeFlags: NODE_FLAGS,
    crashAt: undefined,
  });
});

test('says how many of each, and where', () => {
  const env = {
    STAMPEDE_INSTANCES: 'inventory=2, order=3',
    STAMPEDE_DATA: '/srv/shop',
    STAMPEDE_OPERATOR_PASSWORD: 'secret-enough',
  };
  expect(readSettings(env, ['--dev'], apps)).toMatchObject({
    dataDir: '/srv/shop',
    instances: { user: 1, inventory: 2, payment: 1, order: 3, gateway: 1 },
    operatorPassword: 'secret-enough',
    watch: true,
  });
});

test.each(['inventory', 'inventory=0', 'inventory=17', 'basket=1', 'inventory=-1', 'order=x', 'constructor=2'])(
  'STAMPEDE_INSTANCES=%s is refused by name',
  (text) => {
    expect(() => readSettings({ STAMPEDE_INSTANCES: text }, [], apps)).toThrow(/STAMPEDE_INSTANCES: .*is not <app>=/);
  },
);

test.each(['http', '65536', '-1', '80.5'])('PORT=%s is refused by name', (PORT) => {
  expect(() => readSettings({ PORT }, [], apps)).toThrow(/PORT/);
});

test.each(['short', 'x'.repeat(129)])('STAMPEDE_OPERATOR_PASSWORD=%s is refused by name', (password) => {
  expect(() => readSettings({ STAMPEDE_OPERATOR_PASSWORD: password }, [], apps)).toThrow(/STAMPEDE_OPERATOR_PASSWORD/);
});

test('STAMPEDE_CRASH_AT names a point of an app, or is refused by name', () => {
  const read = (point: string) => readSettings({ STAMPEDE_CRASH_AT: point }, [], apps).crashAt;
  expect(read('order.pay.after')).toEqual({ app: 'order', point: 'order.pay.after' });
  expect(read('')).toBeUndefined();
  expect(() => read('basket.fill.after')).toThrow(/STAMPEDE_CRASH_AT: .*is not <app>/);
});

test('flags of Node take the place of those that ship', () => {
  const read = (text: string) => readSettings({ STAMPEDE_NODE_FLAGS: text }, [], apps).nodeFlags;
  expect(read(' ')).toEqual(NODE_FLAGS);
  expect(read('--max-semi-space-size=32  --cpu-prof')).toEqual(['--max-semi-space-size=32', '--cpu-prof']);
  expect(() => read('--max-semi-space-size 32')).toThrow('STAMPEDE_NODE_FLAGS: "32" is no flag');
});
