import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { describe, durationOf, type Kind } from './disturbance.ts';
import { makeSchedule, MAX_AT_ONCE, MAX_DURATION_MS } from './schedule.ts';

const instances = { user: 2, inventory: 2, payment: 2, order: 2, gateway: 2 };

const options = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  minutes: fc.double({ min: 0.1, max: 6, noNaN: true }),
  instances: fc.record({
    user: fc.integer({ min: 1, max: 4 }),
    inventory: fc.integer({ min: 1, max: 4 }),
    payment: fc.integer({ min: 1, max: 4 }),
    order: fc.integer({ min: 1, max: 4 }),
    gateway: fc.integer({ min: 1, max: 4 }),
  }),
});

test('a seed is a schedule', () => {
  const lines = makeSchedule({ seed: 1, minutes: 0.5, instances }).map((event) => `${event.at} ${describe(event)}`);
  expect(lines).toMatchInlineSnapshot(`
    [
      "2000 delay order-2 from its database by 66 ms for 6.7 s",
      "4093 kill order-2, start it 5.8 s later",
      "5901 freeze order-2 from its callers for 1.7 s",
      "8648 set inventory/batch/maxSize to 2 for 0.9 s",
      "9519 kill everything at once, start the supervisor 0.6 s later",
      "10739 freeze inventory-1 from its callers for 13.0 s",
      "12386 cut gateway-2 from etcd for 0.6 s",
      "14884 delay inventory-2 from its callers by 197 ms for 0.5 s",
      "16859 freeze payment-2 for 9.5 s",
      "18041 kill Postgres, all of it",
      "21138 freeze user-1 for 0.3 s",
      "24589 kill the supervisor, start it 4.3 s later",
      "25280 freeze inventory-1 for 4.7 s",
      "28135 freeze payment-1 for 1.5 s",
    ]
  `);
});

test.prop([options])('the same seed makes the same schedule, and another one another', (given) => {
  const schedule = makeSchedule(given);
  expect(makeSchedule(given)).toEqual(schedule);
  const other = makeSchedule({ ...given, seed: (given.seed + 1) % 2 ** 32 });
  expect(JSON.stringify(other)).not.toBe(JSON.stringify(schedule));
});

test.prop([options])('everything is given back in time, and only so much is away at once', (given) => {
  const schedule = makeSchedule(given);
  for (const { at, ...event } of schedule) {
    expect(durationOf(event)).toBeLessThanOrEqual(MAX_DURATION_MS);
    expect(at + durationOf(event)).toBeLessThanOrEqual(given.minutes * 60_000);
    const others = schedule.filter((other) => other.at <= at && at < other.at + durationOf(other));
    expect(others.length).toBeLessThanOrEqual(MAX_AT_ONCE);
  }
  expect(schedule.map(({ at }) => at)).toEqual(schedule.map(({ at }) => at).sort((a, b) => a - b));
});

test.prop([options])('nobody is killed while frozen, nor disturbed twice at once', (given) => {
  const busyUntil = new Map<string, number>();
  for (const event of makeSchedule(given)) {
    if (!('program' in event) || 'wire' in event) continue;
    expect(event.at).toBeGreaterThan(busyUntil.get(event.program) ?? -1);
    busyUntil.set(event.program, event.at + durationOf(event));
  }
});

test.prop([fc.integer({ min: 0, max: 2 ** 32 - 1 })])('in four minutes every kind of disturbance comes', (seed) => {
  const kinds = new Set(makeSchedule({ seed, minutes: 4, instances }).map(({ kind }) => kind));
  const all: readonly Kind[] = [
    'configure',
    'cut',
    'delay',
    'freeze',
    'freeze-etcd',
    'freeze-link',
    'freeze-postgres',
    'kill',
    'kill-backend',
    'kill-etcd',
    'kill-everything',
    'kill-postgres',
    'kill-supervisor',
    'restart',
    'stop',
  ];
  expect([...kinds].sort()).toEqual(all);
});
