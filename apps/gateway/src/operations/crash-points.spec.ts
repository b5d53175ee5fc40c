import { OrderServiceDefinition } from '@stampede/contracts';
import type { ClientContext } from '@stampede/rpc';
import { listedCrashPoints } from '@stampede/testing';
import { expect, test } from 'vitest';
import { CRASH_POINTS, crashPoints } from './crash-points.ts';

test('there is a point before and after each call that changes an order, and no other', async () => {
  const happened: string[] = [];
  const call = crashPoints((point) => void happened.push(point))(() => {
    happened.push('asked');
    return Promise.resolve('answer');
  });
  const seen: string[] = [];
  for (const { name, options } of Object.values(OrderServiceDefinition.methods)) {
    happened.length = 0;
    expect(await call({}, { method: name } as ClientContext)).toBe('answer');
    if (options.idempotencyLevel === 'NO_SIDE_EFFECTS') {
      expect(happened).toEqual(['asked']);
    } else {
      const [before = ''] = happened;
      expect(before).toMatch(/\.before$/);
      expect(happened).toEqual([before, 'asked', before.replace(/before$/, 'after')]);
      seen.push(before, happened[2]!);
    }
  }
  expect(seen.toSorted()).toEqual(CRASH_POINTS.toSorted());
});

test('the list in the README of order has every point', async () => {
  expect(await listedCrashPoints(new URL('../../../order/README.md', import.meta.url), 'gateway')).toEqual(
    CRASH_POINTS,
  );
});
