import { importJWK } from 'jose';
import { expect, test } from 'vitest';
import { fakeClock } from '@stampede/testing';
import { createSigner } from '../spec/start-gateway.ts';
import { createTokenVerifier, type TokenVerifierOptions } from './token-verifier.ts';

async function verifier(options: Pick<TokenVerifierOptions, 'maxGood'> = {}) {
  const clock = fakeClock();
  /** The time that tokens are issued by. */
  const issuer = { now: () => clock.now() };
  const signer = await createSigner();
  const key = await importJWK(signer.jwk, 'EdDSA');
  let lookups = 0;
  const verifying = createTokenVerifier({
    ...options,
    clock,
    keys: {
      find() {
        lookups++;
        return Promise.resolve(key instanceof Uint8Array ? undefined : key);
      },
      now: () => issuer.now(),
      heardNow: () => issuer.now(),
    },
  });
  const seconds = () => Math.floor(clock.now() / 1000);
  const verify = (token: string) => verifying.verify(token);
  const remembered = (token: string) => verifying.remembered(token);
  return { clock, issuer, signer, verify, remembered, seconds, lookups: () => lookups };
}

test('a good token is verified once, answered without waiting after that, and refused from its end on', async () => {
  const { clock, signer, verify, seconds, lookups } = await verifier();
  const token = await signer.sign({ iat: seconds(), exp: seconds() + 60 });
  const first = verify(token);
  expect(first).toBeInstanceOf(Promise);
  expect(await first).toEqual({ id: 'ann', roles: ['customer'] });
  expect(verify(token)).toEqual({ id: 'ann', roles: ['customer'] });
  expect(lookups()).toBe(1);
  await clock.advance(61_000);
  expect(() => verify(token)).toThrow('expired');
  await expect(verify(token)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
});

test('claims that stand before the signature of another, good token are refused', async () => {
  const { signer, verify, remembered, seconds } = await verifier();
  const token = await signer.sign({ exp: seconds() + 60 });
  const [header = '', , signature = ''] = token.split('.');
  const [, claims = ''] = (await signer.sign({ sub: 'somebody else', exp: seconds() + 60 })).split('.');
  await verify(token);
  const forged = [header, claims, signature].join('.');
  expect(remembered(forged)).toBeUndefined();
  await expect(verify(forged)).rejects.toMatchObject({ reason: 'INVALID_TOKEN' });
  expect(remembered(token)).toMatchObject({ id: 'ann' });
});

test.each([3_600_000, -3_600_000])(
  'a clock that is off by %i ms neither refuses a good token nor takes an old one',
  async (by) => {
    const { clock, issuer, signer, verify } = await verifier();
    const off = clock.now() + by;
    issuer.now = () => off;
    const seconds = Math.floor(off / 1000);
    expect(await verify(await signer.sign({ iat: seconds, exp: seconds + 900 }))).toEqual({
      id: 'ann',
      roles: ['customer'],
    });
    await expect(verify(await signer.sign({ iat: seconds - 900, exp: seconds - 1 }))).rejects.toMatchObject({
      reason: 'TOKEN_EXPIRED',
    });
  },
);

test('of more tokens than are remembered those in use stay', async () => {
  const { verify, remembered, signer, seconds, lookups } = await verifier({ maxGood: 8 });
  const tokenOf = (sub: string) => signer.sign({ sub, exp: seconds() + 600 });
  const used = await tokenOf('used');
  const idle = await tokenOf('idle');
  for (const token of [used, idle]) await verify(token);
  for (let other = 0; other < 20; other += 1) {
    await verify(await tokenOf(`other ${other}`));
    expect(remembered(used)).toMatchObject({ id: 'used' });
  }
  expect(remembered(idle)).toBeUndefined();
  expect(lookups()).toBe(22);
});

test('a bad token is remembered for a few seconds', async () => {
  const { clock, verify, signer, lookups, seconds } = await verifier();
  const token = `${(await signer.sign({ exp: seconds() + 600 })).slice(0, -8)}AAAAAAAA`;
  await expect(verify(token)).rejects.toMatchObject({ reason: 'INVALID_TOKEN' });
  expect(() => verify(token)).toThrow('not valid');
  expect(lookups()).toBe(1);
  await clock.advance(5_001);
  await expect(verify(token)).rejects.toMatchObject({ reason: 'INVALID_TOKEN' });
  expect(lookups()).toBe(2);
});
