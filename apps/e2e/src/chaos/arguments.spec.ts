import { expect, test } from 'vitest';
import { argumentsOf } from './arguments.ts';

const read = (...argv: string[]) => argumentsOf(argv, () => 42);

test('two minutes of a random seed, unless one says otherwise', () => {
  expect(read()).toMatchObject({
    seed: 42,
    minutes: 2,
    dryRun: false,
    again: 'npm run chaos -- --seed 42 --minutes 2',
  });
  expect(read('--seed', '7', '--minutes', '0.5', '--instances', 'order=3,user=1', '--dry-run')).toMatchObject({
    seed: 7,
    minutes: 0.5,
    instances: { user: 1, inventory: 2, payment: 2, order: 3, gateway: 2 },
    dryRun: true,
    again: 'npm run chaos -- --seed 7 --minutes 0.5 --instances order=3,user=1',
  });
});

test.each([
  [['--seed', 'one'], '--seed must be a whole number from 0 to 4294967295, not one'],
  [['--seed', '1.5'], '--seed must be a whole number from 0 to 4294967295, not 1.5'],
  [['--seed', '4294967296'], '--seed must be a whole number from 0 to 4294967295, not 4294967296'],
  [['--minutes', '0'], '--minutes must be a number from 0.1 to 1440, not 0'],
  [['--instances', 'cart=1'], '--instances: there is no cart'],
  [['--instances', 'order'], '--instances order must be a whole number from 1 to 9, not '],
  [['--instances', 'order=0'], '--instances order must be a whole number from 1 to 9, not 0'],
  [['--minute', '1'], /Unknown option '--minute'/],
  [['5'], /Unexpected argument '5'/],
])('%j is refused by name', (argv, message) => {
  expect(read(...argv)).toEqual(expect.stringMatching(message));
});
