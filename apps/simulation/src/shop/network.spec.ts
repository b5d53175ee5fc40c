import { fakeClock, seededRandom } from '@stampede/testing';
import { expect, test } from 'vitest';
import { createNetwork, type Fates } from './network.ts';
import { createProcess } from './process.ts';

function setup(fates: Partial<Fates> = {}) {
  const clock = fakeClock({ settles: 'promises' });
  const arrived: string[] = [];
  const network = createNetwork({
    clock,
    random: seededRandom(1),
    fates: { lost: 0, late: 0, twice: 0, ...fates },
    moment: () => undefined,
    onMessage: undefined,
    notes: new Set(),
  });
  const process = createProcess({ id: 'order-1', service: 'order', place: 'a', address: 'a:1', clock });
  const send = (what: string, repeatable?: 'repeatable') =>
    network.send('a', 'b', what, () => void arrived.push(what), repeatable);
  return { clock, network, process, arrived, send };
}

const hundred = Array.from({ length: 100 }, (_, index) => String(index));

test('messages arrive soon, and overtake each other', async () => {
  const { clock, arrived, send } = setup();
  for (const each of hundred) send(each);
  await clock.advance(20);
  expect(arrived.toSorted()).toEqual(hundred.toSorted());
  expect(arrived).not.toEqual(hundred);
});

test('some are lost, some late, calls repeated; and nothing of it once it is calm', async () => {
  const { clock, network, arrived, send } = setup({ lost: 0.3, late: 0.3, twice: 0.3 });
  for (const each of hundred) send(each, 'repeatable');
  await clock.advance(20);
  const soon = arrived.length;
  await clock.advance(3_000);
  expect(soon).toBeLessThan(80);
  expect(new Set(arrived).size).toBeLessThan(100);
  expect(arrived.length).toBeGreaterThan(new Set(arrived).size);
  network.calm();
  arrived.length = 0;
  for (const each of hundred) send(each, 'repeatable');
  await clock.advance(20);
  expect(arrived).toHaveLength(100);
});

test('nothing passes a partition until every one of them is over, and then a part of it', async () => {
  const { clock, network, arrived, send } = setup();
  network.part('a', 'b');
  network.part('b', 'a');
  for (const each of hundred) send(each);
  network.join('a', 'b');
  await clock.advance(10_000);
  expect(arrived).toEqual([]);
  network.join('a', 'b');
  await clock.advance(20);
  expect(arrived.length).toBeGreaterThan(20);
  expect(arrived.length).toBeLessThan(80);
});

test('a question whose answer is lost is done, and unknown', async () => {
  const { clock, network, process } = setup();
  let done = 0;
  const asked = network.ask(process, 'db', 'sql', () => {
    done += 1;
    network.part('a', 'db');
  });
  const outcome = asked.then(
    () => 'answered',
    (error: unknown) => (error as { reason: string }).reason,
  );
  await clock.advance(1_000);
  expect([done, await outcome]).toEqual([1, 'NO_ANSWER']);
});
