import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseOptions } from '@node-rs/argon2';
import { expect, test } from 'vitest';
import { settingsSchema } from '../settings.ts';
import { createArgon2Hasher, decoy } from './argon2-hasher.ts';
import type { Argon2Parameters } from './argon2-parameters.ts';
import { createHashQueue } from './hash-queue.ts';

const cheap: Argon2Parameters = { memoryKib: 64, passes: 1, parallelism: 1 };

function hasherOf(parameters: () => Argon2Parameters) {
  return createArgon2Hasher({ parameters, queue: createHashQueue(() => ({ concurrency: 2, waiting: 100 })) });
}

test('the shipped parameters are those of OWASP, and what is hashed with them says so', async () => {
  const { passwords } = settingsSchema.parse({});
  const hash = await hasherOf(() => passwords).hash('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(parseOptions(decoy(passwords))).toEqual(parseOptions(hash));
});

test('verifies the password it hashed, and no other', async () => {
  const hasher = hasherOf(() => cheap);
  const hash = await hasher.hash('correct horse');
  expect(hash).not.toBe(await hasher.hash('correct horse'));
  await expect(hasher.verify(hash, 'correct horse')).resolves.toBe(true);
  await expect(hasher.verify(hash, 'Correct horse')).resolves.toBe(false);
  await expect(hasher.verify(undefined, 'correct horse')).resolves.toBe(false);
});

test('a hash is outdated once the parameters change, and is good all the same', async () => {
  let parameters = cheap;
  const hasher = hasherOf(() => parameters);
  const hash = await hasher.hash('correct horse');
  expect(hasher.outdated(hash)).toBe(false);
  for (const change of [{ memoryKib: 128 }, { passes: 2 }, { parallelism: 2 }]) {
    parameters = { ...cheap, ...change };
    expect(hasher.outdated(hash)).toBe(true);
    await expect(hasher.verify(hash, 'correct horse')).resolves.toBe(true);
  }
});

test('no account costs the processor as much as a wrong password', async () => {
  const { passwords } = settingsSchema.parse({});
  const hasher = hasherOf(() => passwords);
  const hash = await hasher.hash('correct horse');
  const spent: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
  for (let round = 0; round < 9; round += 1) {
    for (const [kind, stored] of [
      ['known', hash],
      ['unknown', undefined],
    ] as const) {
      const before = process.cpuUsage();
      await hasher.verify(stored, 'wrong password');
      const { user, system } = process.cpuUsage(before);
      spent[kind].push(user + system);
    }
  }
  // Processor time, so that neighbours on the machine matter little. Without the work it would be a hundredth.
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
  expect(median(spent.unknown) / median(spent.known)).toBeGreaterThan(0.4);
  expect(median(spent.unknown) / median(spent.known)).toBeLessThan(2.5);
});

test('the event loop goes on while passwords are hashed', async () => {
  const { passwords } = settingsSchema.parse({});
  const hashing = Promise.all(Array.from({ length: 4 }, () => hasherOf(() => passwords).hash('correct horse')));
  let turns = 0;
  const over = new AbortController();
  void hashing.then(() => over.abort());
  while (!over.signal.aborted) {
    await nextTurn();
    turns += 1;
  }
  expect(turns).toBeGreaterThan(10);
});
