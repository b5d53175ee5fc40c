import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { fakeClock } from '@stampede/testing';
import { createSigner, startGateway } from '../spec/start-gateway.ts';

const FETCH_PAUSE_MS = 3_000;
const MAX_AGE_MS = 300_000;

/** A gateway before a user service whose keys the test changes, on a clock that it moves. */
async function rotating() {
  const clock = fakeClock();
  const signers = [await createSigner('k0')];
  const published = { keys: [signers[0]!.jwk], fetches: 0 };
  const { fastify } = await startGateway({
    clock,
    signer: signers[0]!,
    user: {
      getJwks() {
        published.fetches++;
        return Promise.resolve({ keys: published.keys, time: new Date(clock.now()) });
      },
    },
    order: { listOrders: () => Promise.resolve({ orders: [], nextPageToken: '' }) },
  });
  const tokenOf = (signer: (typeof signers)[number]) => {
    const now = Math.floor(clock.now() / 1000);
    return signer.sign({ iat: now, exp: now + 900, jti: randomUUID() });
  };
  const ask = async (token: string) =>
    (await fastify.inject({ url: '/v1/orders', headers: { authorization: `Bearer ${token}` } })).statusCode;
  return { clock, published, tokenOf, ask };
}

test('keys rotate without a restart or a failed request, while strangers make up key ids', async () => {
  const { clock, published, tokenOf, ask } = await rotating();
  let current = await createSigner('k1');
  published.keys = [current.jwk];
  const stranger = await createSigner('nobody');
  const flood = async () => {
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stranger.sign({}, { kid: `made-up-${Math.random()}-${index}` })),
    );
    expect(new Set(await Promise.all(tokens.map(ask)))).toEqual(new Set([401]));
  };

  const begun = clock.monotonic();
  for (let rotation = 2; rotation <= 5; rotation++) {
    const before = await tokenOf(current);
    expect(await ask(before)).toBe(200);
    // Published a while before it signs, the old one until its last token has expired: as the user service's table has it.
    const next = await createSigner(`k${rotation}`);
    published.keys = [current.jwk, next.jwk];
    await flood();
    await clock.advance(FETCH_PAUSE_MS);
    const after = await tokenOf(next);
    await flood();
    expect([await ask(after), await ask(before), await ask(await tokenOf(next))]).toEqual([200, 200, 200]);
    current = next;
    await clock.advance(FETCH_PAUSE_MS);
    await flood();
  }
  const seconds = (clock.monotonic() - begun) / 1000;
  expect(published.fetches).toBeLessThanOrEqual(2 + seconds / 3);
});

test('a key that is withdrawn lets nobody new in after five minutes at most, and no token outlives its own time', async () => {
  const { clock, published, tokenOf, ask } = await rotating();
  const old = await createSigner('k0');
  published.keys = [old.jwk];
  const [known, fresh] = [await tokenOf(old), await tokenOf(old)];
  expect(await ask(known)).toBe(200);
  published.keys = [(await createSigner('k1')).jwk];
  await clock.advance(MAX_AGE_MS);
  // Whoever comes first has the keys asked for, and does not wait for them.
  await ask(await tokenOf(old));
  await expect.poll(() => published.fetches).toBe(2);
  await expect.poll(async () => ask(await tokenOf(old))).toBe(401);
  expect(await ask(fresh)).toBe(401);
  await clock.advance(900_000);
  expect(await ask(known)).toBe(401);
});
