import { expect, test } from 'vitest';
import { ROOT } from '../apps.ts';
import { libsOf } from './libs-of.ts';

test('an app stands on the libraries that it names, and on those that they name', () => {
  const gateway = libsOf(ROOT, 'gateway');
  // registry by way of service.
  expect([...gateway]).toEqual(expect.arrayContaining(['rest', 'rpc', 'service', 'registry', 'etcd']));
  expect(libsOf(ROOT, 'inventory')).not.toContain('rest');
  // What only tests need is no reason to restart.
  expect(gateway).not.toContain('testing');
});
