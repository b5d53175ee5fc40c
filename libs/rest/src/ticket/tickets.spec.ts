import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { AppError } from '@stampede/errors';
import { serveLibrary } from '../spec/library.ts';
import { createTickets } from './tickets.ts';

const WATCH = '/v1/books/7:watch';
const SECRET = 'known to all instances alone';

/** One of several instances, by a clock that the test moves. */
async function instance(clock: { now: number }, options = {}) {
  return serveLibrary(
    {
      WatchBook: async function* () {
        yield await Promise.resolve({ book: { title: 'A' } });
      },
    },
    {
      tickets: { secret: SECRET, ttlMs: 30_000, now: () => clock.now },
      authenticate({ headers }, { name }) {
        if (name === 'GetBook') return undefined;
        if (headers.authorization !== 'Bearer ann') throw new AppError('UNAUTHENTICATED', 'NO_TOKEN', 'log in');
        return { id: 'ann', roles: ['reader'] };
      },
      ...options,
    },
  );
}

type App = Awaited<ReturnType<typeof instance>>['app'];
interface Minted {
  ticket: string;
  url: string;
  expiresIn: number;
}

function mint(app: App, path: unknown = WATCH, headers: Record<string, string> = { authorization: 'Bearer ann' }) {
  return app.inject({ method: 'POST', url: '/v1/stream-tickets', headers, payload: { path } as object });
}

test('a ticket opens the stream as the user who asked for it, at any instance, until it expires', async () => {
  const clock = { now: 1_000_000 };
  const [first, second] = [await instance(clock), await instance(clock)];
  const minted = await mint(first.app);
  expect([minted.statusCode, minted.headers['cache-control']]).toEqual([201, 'no-store']);
  const { ticket, url, expiresIn } = minted.json<Minted>();
  expect([url, expiresIn]).toEqual([`${WATCH}?ticket=${ticket}`, 30]);
  clock.now += 29_999;
  for (const { app, calls } of [first, second]) {
    const stream = await app.inject(url);
    expect([stream.statusCode, stream.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(stream.body).toContain('data: {');
    expect(calls).toMatchObject([{ request: { name: '7' }, options: { user: { id: 'ann', roles: ['reader'] } } }]);
  }
  clock.now += 1;
  expect((await second.app.inject(url)).json()).toMatchObject({ status: 401, reason: 'TICKET_EXPIRED' });
});

test('as an EventSource opens it: over a connection, without a header', async () => {
  const { app } = await instance({ now: 0 });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const { url } = (await mint(app)).json<Minted>();
  const [response] = (await once(get(address + url), 'response')) as [IncomingMessage];
  expect((await response.setEncoding('utf8').toArray()).join('')).toContain('"title":"A"');
});

test('the query is bound too, and stays', async () => {
  const { app, calls } = await instance({ now: 0 }, { unknownFields: 'drop' });
  const { ticket, url } = (await mint(app, `${WATCH}?a=1&b=2`)).json<Minted>();
  expect(url).toBe(`${WATCH}?a=1&b=2&ticket=${ticket}`);
  expect((await app.inject(url)).statusCode).toBe(200);
  expect((await app.inject(`${WATCH}?a=1&ticket=${ticket}&b=2`)).statusCode).toBe(200);
  expect((await app.inject(`${WATCH}?a=2&b=2&ticket=${ticket}`)).statusCode).toBe(401);
  expect(calls).toHaveLength(2);
});

test.each([
  ['another stream', (ticket: string) => `/v1/books/8:watch?ticket=${ticket}`],
  ['the same stream by another spelling', (ticket: string) => `/v1/books/%37:watch?ticket=${ticket}`],
  ['a forged user', (ticket: string) => `${WATCH}?ticket=${forge(ticket)}`],
  ['a cut signature', (ticket: string) => `${WATCH}?ticket=${ticket.slice(0, -1)}`],
  ['no signature', (ticket: string) => `${WATCH}?ticket=${ticket.split('.')[0] ?? ''}.`],
  ['nothing', () => `${WATCH}?ticket=`],
  ['what is no ticket', () => `${WATCH}?ticket=a.b.c`],
  ['a ticket of somebody else', async () => `${WATCH}?ticket=${await strange()}`],
])('a ticket does not open %s', async (_, urlOf) => {
  const { app, calls } = await instance({ now: 0 });
  const { ticket } = (await mint(app)).json<Minted>();
  const refused = await app.inject(await urlOf(ticket));
  expect(refused.json()).toMatchObject({ status: 401, reason: 'INVALID_TICKET' });
  expect(calls).toEqual([]);
});

function forge(ticket: string): string {
  const [claims = '', mac = ''] = ticket.split('.');
  const forged = Buffer.from(claims, 'base64url').toString().replace('reader', 'keeper');
  return `${Buffer.from(forged).toString('base64url')}.${mac}`;
}

function strange(): Promise<string> {
  return createTickets({ secret: 'another', now: () => 0 }).issue(WATCH, { id: 'eve', roles: [] });
}

test('a ticket is good for streams alone, and a token still is', async () => {
  const { app } = await instance({ now: 0 });
  const { ticket } = (await mint(app)).json<Minted>();
  const lend = { method: 'POST', url: `/v1/books/7:lend?ticket=${ticket}` } as const;
  expect((await app.inject(lend)).json()).toMatchObject({ status: 401, reason: 'NO_TOKEN' });
  expect((await app.inject({ url: WATCH, headers: { authorization: 'Bearer ann' } })).statusCode).toBe(200);
  expect((await app.inject(WATCH)).json()).toMatchObject({ status: 401, reason: 'NO_TOKEN' });
});

test.each([
  ['/v1/books/7', 'is no stream'],
  ['/v1/shelves/1/books/7', 'is no stream'],
  ['/v1/nowhere', 'is no stream'],
  ['v1/books/7:watch', 'must be a path'],
  ['/v1/books/7:watch#x', 'must be a path'],
  ['/v1/books/ö:watch', 'must be a path'],
  [`/v1/books/${'x'.repeat(5_000)}:watch`, 'must be shorter'],
  [`${WATCH}?ticket=x`, 'has a ticket already'],
  [7, 'must be a string'],
  [null, 'must be a string'],
])('no ticket is made for %j', async (path, description) => {
  const { app } = await instance({ now: 0 });
  const { status, violations } = (await mint(app, path)).json<{ status: number; violations: object[] }>();
  expect([status, violations]).toEqual([
    400,
    [{ field: 'path', description: expect.stringContaining(description) as string }],
  ]);
});

test('a ticket costs a token, and the room that a request costs', async () => {
  const admitted: boolean[] = [];
  const { app } = await instance(
    { now: 0 },
    {
      admit: (...[, , method]: [unknown, unknown, { responseStream: boolean }]) =>
        void admitted.push(method.responseStream),
    },
  );
  expect((await mint(app, WATCH, {})).json()).toMatchObject({ status: 401, reason: 'NO_TOKEN' });
  expect((await mint(app)).statusCode).toBe(201);
  expect(admitted).toEqual([false, false]);
});

test('without the option there are none', async () => {
  const { app } = await instance({ now: 0 }, { tickets: undefined });
  expect((await mint(app)).statusCode).toBe(404);
});
