import { expect, test } from 'vitest';
import { findApps } from './apps.ts';

test('finds the apps of the shop, each after those that it calls', () => {
  const apps = findApps();
  const names = apps.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['user', 'inventory', 'payment', 'order', 'gateway']));
  for (const { name, calls } of apps) {
    for (const callee of calls) expect([callee, names.indexOf(callee) < names.indexOf(name)]).toEqual([callee, true]);
  }
  expect(names).not.toContain('stack');
  expect(apps.filter(({ database }) => !database).map(({ name }) => name)).toEqual(['gateway']);
});
