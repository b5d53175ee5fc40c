import { fc, test as prop } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { grpcNaming } from './index.ts';

const instance = {
  id: 'inventory-1',
  service: 'inventory',
  address: '10.0.0.1:9000',
  metadata: { version: '1.2.0', zone: 'a', weight: '10' },
};

test('the format is that of client/v3/naming, byte for byte', () => {
  expect(grpcNaming.key('inventory', 'inventory-1')).toBe('/services/inventory/inventory-1');
  expect(grpcNaming.value(instance)).toBe(
    '{"Op":0,"Addr":"10.0.0.1:9000","Metadata":{"id":"inventory-1","version":"1.2.0","zone":"a","weight":"10"}}',
  );
});

test.each([
  ['as Go writes it without metadata', '{"Op":0,"Addr":"10.0.0.1:9000","Metadata":null}', {}],
  ['with metadata that are no object', '{"Op":0,"Addr":"10.0.0.1:9000","Metadata":"blue"}', {}],
  ['with a list', '{"Addr":"10.0.0.1:9000","Metadata":[1]}', {}],
  [
    'with numbers and objects',
    '{"Addr":"10.0.0.1:9000","Metadata":{"weight":10,"tags":{"a":true},"none":null}}',
    { weight: '10', tags: '{"a":true}' },
  ],
])("another writer's instance is read %s", (_, value, metadata) => {
  expect(grpcNaming.read('/services/inventory/10.0.0.1:9000/2', value)).toEqual({
    id: '10.0.0.1:9000/2',
    service: 'inventory',
    address: '10.0.0.1:9000',
    metadata,
  });
});

test.each([
  ['no JSON', '/services/a/1', 'nonsense'],
  ['no object', '/services/a/1', '"10.0.0.1:9000"'],
  ['null', '/services/a/1', 'null'],
  ['no address', '/services/a/1', '{"Op":0}'],
  ['an address without a port', '/services/a/1', '{"Addr":"10.0.0.1"}'],
  ['a port that is none', '/services/a/1', '{"Addr":"10.0.0.1:99999"}'],
  ['a deletion', '/services/a/1', '{"Op":1,"Addr":"10.0.0.1:9000"}'],
  ['no instance', '/services/a', '{"Addr":"10.0.0.1:9000"}'],
  ['an empty instance', '/services/a/', '{"Addr":"10.0.0.1:9000"}'],
  ['no service', '/services//1', '{"Addr":"10.0.0.1:9000"}'],
  ['another prefix', '/elsewhere/a/1', '{"Addr":"10.0.0.1:9000"}'],
])('what cannot be read is no instance: %s', (_, key, value) => {
  expect(grpcNaming.read(key, value)).toBeUndefined();
});

const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
prop.prop([
  name,
  name,
  fc.integer({ min: 1, max: 65_535 }),
  fc.dictionary(
    fc.string().filter((key) => !['id', '__proto__'].includes(key)),
    fc.string(),
  ),
])('what is written is read back', (service, id, port, metadata) => {
  const written = { id, service, address: `[::1]:${port}`, metadata };
  expect(grpcNaming.read(grpcNaming.key(service, id), grpcNaming.value(written))).toEqual(written);
});

prop.prop([fc.string(), fc.string()])('no bytes make it throw', (key, value) => {
  expect(() => grpcNaming.read(`/services/${key}`, value)).not.toThrow();
});
