import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fairTurns } from './fair-turns.ts';

test('a connection begins its share at once, the rest in later turns and in order; others do not wait for it', async () => {
  const inTurn = fairTurns();
  const begun: string[] = [];
  const [greedy, modest] = [{}, {}];
  for (let n = 0; n < 80; n += 1) inTurn(greedy, () => begun.push(`greedy ${n}`));
  inTurn(modest, () => begun.push('modest'));
  const greedyOnes = Array.from({ length: 80 }, (_, n) => `greedy ${n}`);
  expect(begun).toEqual([...greedyOnes.slice(0, 32), 'modest']);
  inTurn(greedy, () => begun.push('last'));
  await nextTurn();
  expect(begun).toHaveLength(65);
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  expect(begun.filter((each) => each !== 'modest')).toEqual([...greedyOnes, 'last']);
});

test('when all is quiet a share is whole again', async () => {
  const inTurn = fairTurns();
  const one = {};
  let begun = 0;
  for (let round = 1; round <= 3; round += 1) {
    for (let n = 0; n < 32; n += 1) inTurn(one, () => (begun += 1));
    expect(begun).toBe(32 * round);
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  }
});
