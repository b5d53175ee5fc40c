import { Writable } from 'node:stream';
import { UserServiceDefinition } from '@stampede/contracts';
import type { AppError } from '@stampede/errors';
import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import {
  createChannel,
  createClient,
  createServer,
  staticDiscovery,
  type Channel,
  type RpcServer,
} from '@stampede/rpc';
import { createLogger, silentLogger } from '@stampede/telemetry';
import { useDatabase } from '@stampede/testing';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPorts } from '../create-ports.ts';
import { settingsSchema, type Settings } from '../settings.ts';
import { userService } from './user-service.ts';

const SECRET = 'a secret of all services, for tests';
const cheap = settingsSchema.parse({ passwords: { memoryKib: 64, passes: 1 } });
const closers: (() => Promise<void>)[] = [];
const lines: string[] = [];
const log = createLogger({
  service: 'user',
  instance: 'user-1',
  level: 'trace',
  destination: new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  }),
});

let url: string;
let database: Database;
let gateway: ReturnType<typeof clientOf>;
let stack: ReturnType<typeof clientOf>;
let stranger: ReturnType<typeof clientOf>;
let address: string;
let settings: Settings = cheap;

beforeAll(async () => {
  ({ url } = await useDatabase('user'));
  await migrate({ url, directory: new URL('../store/migrations/', import.meta.url), log: silentLogger() });
  const instance = await startInstance('user-1', () => settings);
  ({ address, database } = instance);
  gateway = clientOf({ service: 'gateway', secret: SECRET });
  stack = clientOf({ service: 'stack', secret: SECRET });
  stranger = clientOf({ service: 'stack' });
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

/** One instance of the service on the one database, as main.ts puts it together. */
async function startInstance(id: string, current: () => Settings) {
  const own = connectDatabase({ url, applicationName: id, lockTimeoutMs: 5_000 });
  const server: RpcServer = createServer({
    service: 'user',
    instance: id,
    log,
    secret: SECRET,
    usersFrom: ['gateway'],
  }).add(UserServiceDefinition, userService(await createPorts(own, current, log)));
  const bound = await server.listen();
  closers.push(
    () => own.close(),
    () => server.drain({ timeoutMs: 1_000 }),
  );
  return { address: bound, database: own };
}

function clientOf(caller: { service: string; secret?: string }, to = address) {
  const channel: Channel = createChannel({
    service: 'user',
    discovery: staticDiscovery({ user: [to] }),
    caller,
    log: silentLogger(),
    defaultDeadlineMs: 20_000,
  });
  closers.push(() => channel.close());
  return createClient(UserServiceDefinition, channel);
}

let people = 0;
/** A registered person nobody else uses. */
async function someone(password = 'correct horse battery') {
  const email = `Person-${(people += 1)}@Example.com`;
  const { user } = await gateway.createUser({ email, password, displayName: 'Some One' });
  return { email, password, user: user! };
}

async function loggedIn() {
  const person = await someone();
  return { ...person, ...(await gateway.createSession({ email: person.email, password: person.password })) };
}

const failure = (call: Promise<unknown>): Promise<AppError> =>
  call.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as AppError,
  );
const reasonOf = async (call: Promise<unknown>) => (await failure(call)).reason;
const fieldsOf = async (call: Promise<unknown>) => {
  const { code, violations } = await failure(call);
  return [code, ...violations.map(({ field }) => field)];
};
const jwks = async () => ({ keys: (await gateway.getJwks({})).keys }) as unknown as JSONWebKeySet;

test('registers a customer and keeps the address as it was typed', async () => {
  const before = Date.now();
  const { user } = await gateway.createUser({
    email: '  Ann.Lee@Example.com ',
    password: 'correct horse',
    displayName: ' Ann Lee 🛒 ',
  });
  expect(user).toMatchObject({ email: 'Ann.Lee@Example.com', displayName: 'Ann Lee 🛒', roles: ['customer'] });
  expect(user?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  expect(Math.abs((user?.createTime?.getTime() ?? 0) - before)).toBeLessThan(60_000);
});

test('one address in another case is taken', async () => {
  const { email } = await someone();
  const again = gateway.createUser({ email: email.toUpperCase(), password: 'another one', displayName: 'X' });
  await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS', reason: 'EMAIL_TAKEN' });
});

test('of ten registrations of one address at once, one succeeds', async () => {
  const registration = { email: 'race@example.com', password: 'correct horse', displayName: 'R' };
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => gateway.createUser(registration)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect((outcome.reason as AppError).reason).toBe('EMAIL_TAKEN');
  }
});

test('an account that is registered cannot choose its role', async () => {
  const body = { email: 'sly@example.com', password: 'correct horse', displayName: 'Sly', roles: ['operator'] };
  const { user } = await gateway.createUser(body);
  expect(user?.roles).toEqual(['customer']);
});

test.each([
  [{ email: '', password: '', displayName: '' }, ['email', 'password', 'display_name']],
  [{ email: 'ann', password: 'short', displayName: 'x'.repeat(101) }, ['email', 'password', 'display_name']],
  [{ email: 'a\0@example.com', password: 'pass\0word', displayName: 'A\0' }, ['email', 'password', 'display_name']],
  [{ email: '\u0430nn@example.com', password: 'correct horse', displayName: '\u202eA' }, ['email', 'display_name']],
  [{ email: '😀@example.com', password: '😀'.repeat(8), displayName: '😀' }, ['email']],
  [{ email: `${'a'.repeat(1_000_000)}@example.com`, password: 'correct horse', displayName: 'A' }, ['email']],
  [{ email: 'big@example.com', password: 'x'.repeat(1_000_000), displayName: 'A' }, ['password']],
  [{ email: 'big@example.com', password: 'correct horse', displayName: 'x'.repeat(1_000_000) }, ['display_name']],
])('refuses %#, naming every field', async (registration, fields) => {
  expect(await fieldsOf(gateway.createUser(registration))).toEqual(['INVALID_ARGUMENT', ...fields]);
});

test('hostile log-ins and tokens are refused as such', async () => {
  const bad = 'INVALID_ARGUMENT';
  expect(await fieldsOf(gateway.createSession({ email: '', password: '' }))).toEqual([bad, 'email', 'password']);
  expect(await fieldsOf(gateway.createSession({ email: 'a\0', password: 'x\0' }))).toEqual([bad, 'email', 'password']);
  const huge = 'x'.repeat(1_000_000);
  expect(await fieldsOf(gateway.createSession({ email: huge, password: huge }))).toEqual([bad, 'email', 'password']);
  expect(await fieldsOf(gateway.refreshSession({ refreshToken: '' }))).toEqual([bad, 'refresh_token']);
  for (const refreshToken of ['\0', huge, '😀', 'x'.repeat(43), "' OR 1=1 --"]) {
    expect(await reasonOf(gateway.refreshSession({ refreshToken }))).toBe('BAD_REFRESH_TOKEN');
    await expect(gateway.revokeSession({ refreshToken })).resolves.toEqual({});
  }
});

test('an emoji password of 128 characters works', async () => {
  const { email, password } = await someone('😀'.repeat(128));
  await expect(gateway.createSession({ email, password })).resolves.toMatchObject({ expiresIn: 900 });
});

test('logs in with an access token that verifies against the JWK Set', async () => {
  const { email, password, user } = await someone();
  const { accessToken, expiresIn } = await gateway.createSession({ email: ` ${email.toLowerCase()}`, password });
  const { keys } = await jwks();
  expect(keys).toEqual([
    {
      kty: 'OKP',
      crv: 'Ed25519',
      alg: 'EdDSA',
      use: 'sig',
      x: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      kid: keys[0]?.kid,
    },
  ]);
  expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: keys[0]?.kid });
  const { payload } = await jwtVerify(accessToken, createLocalJWKSet(await jwks()), {
    issuer: 'stampede',
    audience: 'stampede-api',
    typ: 'at+jwt',
    algorithms: ['EdDSA'],
  });
  expect(payload).toEqual({
    iss: 'stampede',
    aud: 'stampede-api',
    sub: user.id,
    roles: ['customer'],
    iat: expect.any(Number) as unknown,
    exp: payload.iat! + 900,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
  });
  expect(expiresIn).toBe(900);
  const other = await gateway.createSession({ email, password });
  const verified = await jwtVerify(other.accessToken, createLocalJWKSet(await jwks()));
  expect(verified.payload.jti).not.toBe(payload.jti);
});

test('a wrong password and an unknown address get the very same answer', async () => {
  const { email } = await someone();
  const wrong = await failure(gateway.createSession({ email, password: 'wrong horse' }));
  const unknown = await failure(gateway.createSession({ email: 'nobody@example.com', password: 'wrong horse' }));
  const said = ({ code, reason, message, metadata, violations }: AppError) => [
    code,
    reason,
    message,
    metadata,
    violations,
  ];
  expect(said(wrong).slice(0, 2)).toEqual(['UNAUTHENTICATED', 'BAD_CREDENTIALS']);
  expect(said(unknown)).toEqual(said(wrong));
});

test('the same letters are the same password, however the keyboard wrote them', async () => {
  const { email } = await someone('caf\u0065\u0301 au lait');
  await expect(gateway.createSession({ email, password: 'caf\u00e9 au lait' })).resolves.toBeDefined();
});

test('a hash of former parameters is renewed at log-in and works on', async () => {
  const { email, password, user } = await someone();
  const hash = async () => {
    const [row] = await database.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [
      user.id,
    ]);
    return row!.password_hash;
  };
  expect(await hash()).toContain('$m=64,t=1,p=1$');
  settings = { ...cheap, passwords: { ...cheap.passwords, memoryKib: 128 } };
  try {
    const both = [gateway.createSession({ email, password }), gateway.createSession({ email, password })];
    await Promise.all(both);
    expect(await hash()).toContain('$m=128,t=1,p=1$');
    await expect(gateway.createSession({ email, password })).resolves.toBeDefined();
  } finally {
    settings = cheap;
  }
});

test('beyond those who may wait, log-ins are refused', async () => {
  // At the shipped cost, so that the first is still at it when the others come.
  settings = settingsSchema.parse({ passwords: { concurrency: 1, waiting: 1 } });
  try {
    const { email, password } = await someone();
    const attempts = Array.from({ length: 20 }, () => gateway.createSession({ email, password: `not ${password}` }));
    const errors = await Promise.all(attempts.map(failure));
    const refused = errors.filter(({ reason }) => reason === 'TOO_MANY_LOGINS');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(errors.filter(({ reason }) => reason === 'BAD_CREDENTIALS')).toHaveLength(20 - refused.length);
  } finally {
    settings = cheap;
  }
});

test('a refresh token works once; its successor works', async () => {
  const { refreshToken, user } = await loggedIn();
  const next = await gateway.refreshSession({ refreshToken });
  expect(next.refreshToken).not.toBe(refreshToken);
  const { payload } = await jwtVerify(next.accessToken, createLocalJWKSet(await jwks()), { typ: 'at+jwt' });
  expect(payload).toMatchObject({ sub: user.id, roles: ['customer'] });
  await expect(gateway.refreshSession({ refreshToken: next.refreshToken })).resolves.toMatchObject({ expiresIn: 900 });
});

test('a refresh token used twice ends the session, its newest token too, and no other session', async () => {
  const { refreshToken, email, password } = await loggedIn();
  const other = await gateway.createSession({ email, password });
  const next = await gateway.refreshSession({ refreshToken });
  await expect(gateway.refreshSession({ refreshToken })).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    reason: 'BAD_REFRESH_TOKEN',
  });
  expect(await reasonOf(gateway.refreshSession({ refreshToken: next.refreshToken }))).toBe('BAD_REFRESH_TOKEN');
  await expect(gateway.refreshSession({ refreshToken: other.refreshToken })).resolves.toBeDefined();
});

test('of ten refreshes with one token at once, exactly one succeeds', async () => {
  const { refreshToken } = await loggedIn();
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => gateway.refreshSession({ refreshToken })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect((outcome.reason as AppError).reason).toBe('BAD_REFRESH_TOKEN');
  }
});

test('a revoked session cannot be refreshed, and revoking again says nothing', async () => {
  const { refreshToken } = await loggedIn();
  await expect(gateway.revokeSession({ refreshToken })).resolves.toEqual({});
  expect(await reasonOf(gateway.refreshSession({ refreshToken }))).toBe('BAD_REFRESH_TOKEN');
  await expect(gateway.revokeSession({ refreshToken })).resolves.toEqual({});
});

test('the access token follows the clock of the database', async () => {
  const { accessToken } = await loggedIn();
  const { payload } = await jwtVerify(accessToken, createLocalJWKSet(await jwks()));
  const [row] = await database.query<{ seconds: number }>('SELECT extract(epoch FROM now())::float8 AS seconds');
  expect(Math.abs(row!.seconds - payload.iat!)).toBeLessThan(10);
});

test("one's own account, for those who are logged in", async () => {
  const { user } = await someone();
  const me = (id: string) => gateway.getCurrentUser({}, { user: { id, roles: [] } });
  await expect(me(user.id)).resolves.toEqual({ user });
  await expect(gateway.getCurrentUser({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  for (const id of ['0190a0a0-0000-7000-8000-000000000001', 'no uuid']) {
    await expect(me(id)).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' });
  }
  const others = clientOf({ service: 'order', secret: SECRET });
  await expect(others.getCurrentUser({}, { user: { id: user.id, roles: [] } })).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});

test('only the stack, proven, provisions accounts', async () => {
  const wanted = { email: 'root@stampede.local', password: 'correct horse', displayName: 'Root', roles: ['operator'] };
  for (const client of [gateway, stranger, clientOf({ service: 'order', secret: SECRET })]) {
    await expect(client.provisionUser(wanted)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  }
  await expect(stack.provisionUser(wanted)).resolves.toMatchObject({ user: { roles: ['operator'] } });
});

test('provisioning is idempotent; a new password ends the sessions, new roles come with the next refresh', async () => {
  const wanted = {
    email: 'Op@stampede.local',
    password: 'correct horse',
    displayName: 'Operator',
    roles: ['customer'],
  };
  const row = async () => {
    const rows = await database.query(
      `SELECT xmin, password_hash, password_version FROM users WHERE email_key = 'op@stampede.local'`,
    );
    return rows[0];
  };
  const all = await Promise.all(Array.from({ length: 5 }, () => stack.provisionUser(wanted)));
  expect(new Set(all.map(({ user }) => user?.id)).size).toBe(1);
  const before = await row();
  await stack.provisionUser(wanted);
  expect(await row()).toEqual(before);

  const session = await gateway.createSession({ email: wanted.email, password: wanted.password });
  const operator = { ...wanted, displayName: 'Op', roles: ['operator', 'customer', 'operator'] };
  await expect(stack.provisionUser(operator)).resolves.toMatchObject({
    user: { id: all[0]?.user?.id, displayName: 'Op', roles: ['customer', 'operator'] },
  });
  const refreshed = await gateway.refreshSession({ refreshToken: session.refreshToken });
  const { payload } = await jwtVerify(refreshed.accessToken, createLocalJWKSet(await jwks()));
  expect(payload['roles']).toEqual(['customer', 'operator']);

  await stack.provisionUser({ ...operator, password: 'another horse' });
  expect(await reasonOf(gateway.refreshSession({ refreshToken: refreshed.refreshToken }))).toBe('BAD_REFRESH_TOKEN');
  expect(await reasonOf(gateway.createSession({ email: wanted.email, password: wanted.password }))).toBe(
    'BAD_CREDENTIALS',
  );
  await expect(gateway.createSession({ email: wanted.email, password: 'another horse' })).resolves.toBeDefined();
});

test('provisioning names every field that is wrong', async () => {
  const wanted = { email: 'x', password: 'x', displayName: '', roles: ['customer', 'superuser'] };
  const fields = ['INVALID_ARGUMENT', 'email', 'password', 'display_name'];
  expect(await fieldsOf(stack.provisionUser(wanted))).toEqual([...fields, 'roles[1]']);
  expect(await fieldsOf(stack.provisionUser({ ...wanted, roles: [] }))).toEqual([...fields, 'roles']);
});

test('instances that start at once share one key, and tokens of one are good at all', async () => {
  await database.query('TRUNCATE signing_keys');
  const started = await Promise.all(['user-2', 'user-3', 'user-4'].map((id) => startInstance(id, () => cheap)));
  const clients = started.map((instance) => clientOf({ service: 'gateway', secret: SECRET }, instance.address));
  const sets = await Promise.all(clients.map((client) => client.getJwks({})));
  expect(sets[0]?.keys).toHaveLength(1);
  expect(new Set(sets.map(({ keys }) => keys[0]?.kid)).size).toBe(1);
  const { email, password } = await someone();
  const session = await clients[1]!.createSession({ email, password });
  await jwtVerify(session.accessToken, createLocalJWKSet({ keys: sets[2]!.keys } as unknown as JSONWebKeySet));
  await expect(clients[2]!.refreshSession({ refreshToken: session.refreshToken })).resolves.toBeDefined();
});

test('passwords and tokens are in no log and in no table', async () => {
  const secret = 'a password that nobody may read';
  const { email } = await someone(secret);
  const session = await gateway.createSession({ email, password: secret });
  const next = await gateway.refreshSession({ refreshToken: session.refreshToken });
  await failure(gateway.refreshSession({ refreshToken: session.refreshToken }));
  await failure(gateway.createSession({ email, password: `${secret}?` }));
  const broken = await startInstance('user-5', () => {
    throw new Error('no settings');
  });
  const client = clientOf({ service: 'gateway', secret: SECRET }, broken.address);
  await expect(client.createSession({ email, password: secret })).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(lines.join('')).toContain('no settings');

  const tables = await database.query<{ row: string }>(
    `SELECT users::text AS row FROM users UNION ALL SELECT sessions::text FROM sessions
     UNION ALL SELECT refresh_tokens::text FROM refresh_tokens`,
  );
  const kept = lines.join('') + tables.map(({ row }) => row).join('\n');
  for (const word of [secret, session.accessToken, session.refreshToken, next.accessToken, next.refreshToken]) {
    expect(kept).not.toContain(word);
    expect(kept).not.toContain(Buffer.from(word).toString('hex'));
  }
});
