import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import { createProcess } from './process.ts';

function setup() {
  const clock = fakeClock({ settles: 'promises' });
  const process = createProcess({ id: 'order-1', service: 'order', place: 'order-0', address: 'order-0:9000', clock });
  const heard: string[] = [];
  const hear = (what: string) => () => void heard.push(`${what} at ${clock.monotonic()}`);
  return { clock, process, heard, hear };
}

test('a frozen process finds what came meanwhile, in order, before anything new', async () => {
  const { clock, process, heard, hear } = setup();
  process.clock.schedule(10, hear('timer'));
  clock.schedule(20, () => process.enter(hear('message')));
  clock.schedule(50, () => process.thaw());
  clock.schedule(50, () => process.enter(hear('new')));
  process.freeze();
  await clock.advance(40);
  expect(heard).toEqual([]);
  await clock.advance(10);
  expect(heard).toEqual(['timer at 50', 'message at 50', 'new at 50']);
});

test('a dead process hears nothing, and what it waits for never comes', async () => {
  const { clock, process, heard, hear } = setup();
  process.clock.schedule(10, hear('timer'));
  void process.await(Promise.resolve()).then(hear('answer'));
  process.kill();
  process.enter(hear('message'));
  await clock.advance(100);
  expect(heard).toEqual([]);
});

test('a timer that is cancelled while the process is frozen never runs', async () => {
  const { clock, process, heard, hear } = setup();
  const cancel = process.clock.schedule(10, hear('timer'));
  process.freeze();
  await clock.advance(20);
  cancel();
  process.thaw();
  await clock.advance(20);
  expect(heard).toEqual([]);
});
