import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { ServerContext } from '@stampede/rpc';
import { createSigner, startGateway } from '../spec/start-gateway.ts';

const order = { id: 'o', userId: 'ann', status: 2, reason: '', items: [], version: 1 };

const watched = {
  async *watchOrder() {
    yield await Promise.resolve({ order });
  },
};

test('a ticket that one gateway made opens a stream at another, without a header, as the user of the token', async () => {
  const signer = await createSigner();
  const seen: ServerContext['user'][] = [];
  const shop = {
    signer,
    order: {
      async *watchOrder(_: unknown, { user }: ServerContext) {
        seen.push(user);
        yield await Promise.resolve({ order });
      },
    },
  };
  const [first, second] = [await startGateway(shop), await startGateway(shop)];
  const minted = await first.fastify.inject({
    method: 'POST',
    url: '/v1/stream-tickets',
    headers: { authorization: `Bearer ${await signer.sign({ sub: 'olga', roles: ['operator'] })}` },
    payload: { path: '/v1/orders/o:watch' },
  });
  expect(minted.statusCode).toBe(201);
  const { url } = minted.json<{ url: string }>();
  const address = await second.fastify.listen({ host: '127.0.0.1', port: 0 });
  const [stream] = (await once(get(address + url), 'response')) as [IncomingMessage];
  expect([stream.statusCode, stream.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  expect((await stream.setEncoding('utf8').toArray()).join('')).toContain('data: {"id":"o"');
  expect(seen).toEqual([{ id: 'olga', roles: ['operator'] }]);
});

test('a ticket costs a good token, and is told from a bad one', async () => {
  const { fastify } = await startGateway();
  const mint = (headers: Record<string, string>) =>
    fastify.inject({ method: 'POST', url: '/v1/stream-tickets', headers, payload: { path: '/v1/orders/o:watch' } });
  expect((await mint({})).json()).toMatchObject({ status: 401, reason: 'TOKEN_MISSING' });
  expect((await mint({ authorization: 'Bearer a.b.c' })).json()).toMatchObject({
    status: 401,
    reason: 'INVALID_TOKEN',
  });
  const stream = await fastify.inject('/v1/orders/o:watch?ticket=nonsense');
  expect(stream.json()).toMatchObject({ status: 401, reason: 'INVALID_TICKET' });
  expect(stream.headers['www-authenticate']).toBe('Bearer realm="stampede"');
});

test("a ticket expires by the signer's clock, whatever the gateway's own says", async () => {
  const signer = await createSigner();
  const times = { now: new Date(Date.now() + 3_600_000) };
  const user = { getJwks: () => Promise.resolve({ keys: [signer.jwk], time: times.now }) };
  const token = await signer.sign({ exp: Math.floor(times.now.getTime() / 1000) + 900 });
  const minting = await startGateway({ signer, user });
  const { url } = (
    await minting.fastify.inject({
      method: 'POST',
      url: '/v1/stream-tickets',
      headers: { authorization: `Bearer ${token}` },
      payload: { path: '/v1/orders/o:watch' },
    })
  ).json<{ url: string }>();
  const another = await startGateway({ signer, user, order: watched });
  const stream = await fetch((await another.fastify.listen({ host: '127.0.0.1', port: 0 })) + url);
  expect([stream.status, (await stream.text()).length > 0]).toEqual([200, true]);
  times.now = new Date(times.now.getTime() + 31_000);
  const late = await (await startGateway({ signer, user })).fastify.inject(url);
  expect(late.json()).toMatchObject({ status: 401, reason: 'TICKET_EXPIRED' });
});
