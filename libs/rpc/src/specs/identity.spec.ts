import { createHmac } from 'node:crypto';
import { systemClock } from '@stampede/lifecycle';
import { describe, expect, test } from 'vitest';
import { outcomeOf, type ServerContext, type ServerOptions, type User } from '../index.ts';
import { createProver } from '../wire/service-proof.ts';
import { encodeUser } from '../wire/user-claim.ts';
import { connect, failure, request, response, startEcho, TRANSPORTS } from './setup.ts';
import { rawClient } from './raw-client.ts';

const secret = 'correct horse battery staple';
const user: User = { id: 'u-1', roles: ['customer'] };

async function start(options: Partial<ServerOptions> = {}) {
  const seen: Pick<ServerContext, 'caller' | 'user'>[] = [];
  const echo = await startEcho(
    {
      add: async (_, { caller, user: who }) => {
        seen.push({ caller, user: who });
        return Promise.resolve(response());
      },
    },
    { secret, usersFrom: ['gateway'], ...options },
  );
  return { ...echo, seen };
}

const proofOf = (name: string, key = secret, clock = systemClock) => createProver(name, key, clock)();

describe.each(TRANSPORTS)('identity over %s', (_name, transport) => {
  test('a caller with the secret is known by name, and the gateway’s word on the user is believed', async () => {
    const { instance, seen } = await start();
    const { client } = connect([instance], { transport, caller: { service: 'gateway', secret } });
    await client.add(request(), { user });
    expect(seen).toEqual([{ caller: 'gateway', user }]);
  });

  test('a proven caller that may not speak for users is known, its users are not', async () => {
    const { instance, seen } = await start();
    const { client } = connect([instance], { transport, caller: { service: 'order', secret } });
    await client.add(request(), { user });
    expect(seen).toEqual([{ caller: 'order', user: undefined }]);
  });

  test('a server without a secret believes nobody', async () => {
    const { secret: none, ...rest } = { secret: undefined, usersFrom: ['gateway'] };
    expect(none).toBeUndefined();
    const seen: unknown[] = [];
    const { instance } = await startEcho(
      {
        add: async ({ text }, context) => {
          seen.push(context.caller, context.user);
          return Promise.resolve(response({ text }));
        },
      },
      rest,
    );
    const { client } = connect([instance], { transport, caller: { service: 'gateway', secret } });
    await client.add(request(), { user });
    expect(seen).toEqual([undefined, undefined]);
  });

  test('the user, request id and trace of a call being served go on with the calls made for it', async () => {
    const seen: ServerContext[] = [];
    const back = await startEcho(
      {
        add: async (_, context) => {
          seen.push(context);
          return Promise.resolve(response());
        },
      },
      { secret, usersFrom: ['order'] },
    );
    const { client: toBack } = connect([back.instance], { transport, caller: { service: 'order', secret } });
    const front = await startEcho(
      {
        add: async (message, context) => {
          seen.push(context);
          return toBack.add(message, { context });
        },
      },
      { secret, usersFrom: ['gateway'] },
    );
    const { client } = connect([front.instance], { transport, caller: { service: 'gateway', secret } });
    await client.add(request(), { user, requestId: 'abc' });
    const [first, second] = seen;
    expect(second).toMatchObject({ caller: 'order', user, requestId: 'abc' });
    expect(second?.trace.traceId).toBe(first?.trace.traceId);
    expect(second?.trace.spanId).not.toBe(first?.trace.spanId);
  });

  test('a proof is renewed before it ends', async () => {
    let offset = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + offset };
    const { instance, seen } = await start({ clock });
    const { client } = connect([instance], { transport, clock, caller: { service: 'gateway', secret } });
    for (let n = 0; n < 6; n += 1) {
      await client.add(request(), { user });
      offset += 250_000;
    }
    expect(seen).toEqual(Array.from({ length: 6 }, () => ({ caller: 'gateway', user })));
  });

  test('an instance that is another one is not called', async () => {
    const { instance, seen } = await start();
    const { client } = connect([{ ...instance, id: 'somebody-else' }], { transport, retry: { maxAttempts: 1 } });
    const error = await failure(client.add(request()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'WRONG_INSTANCE' });
    expect(outcomeOf(error)).toBe('not-processed');
    expect(seen).toEqual([]);
  });
});

test('a caller that claims nothing is anonymous', async () => {
  const { instance, seen } = await start();
  await rawClient(instance.address).unary('Add', request());
  expect(seen).toEqual([{ caller: undefined, user: undefined }]);
});

const future = String(Math.floor(Date.now() / 1000) + 600);
const macOf = (text: string, key = secret) => createHmac('sha256', key).update(text).digest('base64url');

test.each([
  ['another secret', proofOf('gateway', 'wrong')],
  ['another name under the same mac', proofOf('order').replace('order', 'gateway')],
  ['a longer life under the same mac', proofOf('gateway').replace(/\.\d+\./, '.99999999999.')],
  ['an expired proof', `gateway.1000.${macOf('gateway.1000')}`],
  ['no mac', `gateway.${future}`],
  ['an empty mac', `gateway.${future}.`],
  ['more parts', `${proofOf('gateway')}.x`],
  ['an expiry that is no number', `gateway.NaN.${macOf('gateway.NaN')}`],
  ['nothing', ''],
])('a proof with %s is UNAUTHENTICATED, and no handler sees the call', async (_what, proof) => {
  const { instance, seen } = await start();
  const answer = await rawClient(instance.address).unary('Add', request(), { headers: { 'stampede-service': proof } });
  expect(answer).toMatchObject({ code: 16, reason: 'CALLER_NOT_PROVEN' });
  expect(seen).toEqual([]);
});

test('a user claimed without a proof is UNAUTHENTICATED', async () => {
  const { instance, seen } = await start();
  const headers = { 'stampede-user': encodeUser({ id: 'admin', roles: ['operator'] }) };
  const answer = await rawClient(instance.address).unary('Add', request(), { headers });
  expect(answer).toMatchObject({ code: 16, reason: 'CALLER_NOT_PROVEN' });
  expect(seen).toEqual([]);
});

test.each([
  ['not base64', '%%%'],
  ['not JSON', Buffer.from('{').toString('base64url')],
  ['no object', Buffer.from('null').toString('base64url')],
  ['no id', Buffer.from('{"roles":[]}').toString('base64url')],
  ['an empty id', Buffer.from('{"id":"","roles":[]}').toString('base64url')],
  ['roles that are no strings', Buffer.from('{"id":"u","roles":[1]}').toString('base64url')],
  ['too much', Buffer.from(JSON.stringify({ id: 'u'.repeat(5_000), roles: [] })).toString('base64url')],
])('a user that is %s is UNAUTHENTICATED even from the gateway', async (_what, claim) => {
  const { instance } = await start();
  const headers = { 'stampede-service': proofOf('gateway'), 'stampede-user': claim };
  const answer = await rawClient(instance.address).unary('Add', request(), { headers });
  expect(answer).toMatchObject({ code: 16, reason: 'USER_MALFORMED' });
});

test('an instance refuses a call that means another one, before any handler sees it', async () => {
  const { instance, seen } = await start();
  const raw = rawClient(instance.address);
  const answer = await raw.unary('Add', request(), { headers: { 'stampede-instance': 'somebody-else' } });
  expect(answer).toMatchObject({ code: 14, reason: 'WRONG_INSTANCE' });
  expect(answer.trailers.get('stampede-outcome')).toBe('not-processed');
  expect(seen).toEqual([]);
});

test('every answer names the instance, a success in its headers and a failure in its trailers', async () => {
  const { instance } = await start();
  const raw = rawClient(instance.address);
  const success = await raw.unary('Add', request());
  expect(success.headers?.get('stampede-instance')).toBe(instance.id);
  const refusal = await raw.unary('Add', request(), { headers: { 'stampede-service': 'x' } });
  expect(refusal.trailers.get('stampede-instance')).toBe(instance.id);
});
