import { expect, test } from 'vitest';
import { silentLogger } from '@stampede/telemetry';
import { fakeClock } from '@stampede/testing';
import { createSigner } from '../spec/start-gateway.ts';
import { createKeySet } from './key-set.ts';

async function keySet() {
  const clock = fakeClock();
  const state = { keys: [(await createSigner('a')).jwk], fetches: 0, fail: false, time: new Date(clock.now()) };
  const keys = createKeySet({
    clock,
    log: silentLogger(),
    cooldownMs: 3_000,
    maxAgeMs: 300_000,
    fetchKeys() {
      state.fetches++;
      return state.fail ? Promise.reject(new Error('down')) : Promise.resolve({ keys: state.keys, time: state.time });
    },
  });
  return { clock, state, keys };
}

test('keys are fetched once for all who wait', async () => {
  const { keys, state } = await keySet();
  expect(await Promise.all([keys.find('a'), keys.find('a'), keys.find('a')])).not.toContain(undefined);
  expect(state.fetches).toBe(1);
});

test('made-up key ids cause one fetch in three seconds, however many there are', async () => {
  const { keys, state, clock } = await keySet();
  await keys.find('a');
  await clock.advance(3_000);
  for (let index = 0; index < 1_000; index++) expect(await keys.find(`x${index}`)).toBeUndefined();
  expect(state.fetches).toBe(2);
  await clock.advance(2_999);
  await keys.find('y');
  expect(state.fetches).toBe(2);
  await clock.advance(1);
  await keys.find('y');
  expect(state.fetches).toBe(3);
});

test("the time is the signer's from the first fetch on, whatever the own clock says and however it is set", async () => {
  const { keys, state, clock } = await keySet();
  const begun = clock.now();
  expect(keys.now()).toBe(begun);
  state.time = new Date(begun - 3_600_000);
  await keys.find('a');
  expect(keys.now()).toBe(begun - 3_600_000);
  clock.jump(7_200_000);
  await clock.advance(1_000);
  expect(keys.now()).toBe(begun - 3_599_000);
});

test('a new key is found', async () => {
  const { keys, state, clock } = await keySet();
  await keys.find('a');
  state.keys = [(await createSigner('a')).jwk, (await createSigner('b')).jwk];
  await clock.advance(3_000);
  expect(await keys.find('b')).toBeDefined();
});

test('a withdrawn key stops working, and a failed fetch withdraws nothing', async () => {
  const { keys, state, clock } = await keySet();
  await keys.find('a');
  state.fail = true;
  await clock.advance(300_000);
  expect(await keys.find('a')).toBeDefined();
  state.fail = false;
  state.keys = [];
  await clock.advance(300_000);
  await keys.find('a');
  await expect.poll(() => keys.find('a')).toBeUndefined();
});

test('where the newest keys cannot be had, an unknown one may be good: it is not refused, and asked for no more often', async () => {
  const { keys, state, clock } = await keySet();
  await keys.find('a');
  state.fail = true;
  await clock.advance(3_000);
  for (let count = 0; count < 100; count++) {
    await expect(keys.find('b')).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'KEYS_UNAVAILABLE' });
  }
  expect(state.fetches).toBe(2);
  expect(await keys.find('a')).toBeDefined();
  state.fail = false;
  state.keys = [...state.keys, (await createSigner('b')).jwk];
  await clock.advance(3_000);
  expect(await keys.find('b')).toBeDefined();
  expect(await keys.find('c')).toBeUndefined();
});

test('as long as there are no keys at all, each token asks for them', async () => {
  const { keys, state } = await keySet();
  state.fail = true;
  await expect(keys.find('a')).rejects.toThrow('down');
  state.fail = false;
  expect(await keys.find('a')).toBeDefined();
});

test('only Ed25519 keys for signatures are taken', async () => {
  const { keys, state } = await keySet();
  const { jwk } = await createSigner('a');
  state.keys = [
    { ...jwk, kid: 'rsa', kty: 'RSA' },
    { ...jwk, kid: 'x', crv: 'X25519' },
    { ...jwk, kid: 'enc', use: 'enc' },
  ];
  for (const kid of ['rsa', 'x', 'enc']) expect(await keys.find(kid)).toBeUndefined();
});
