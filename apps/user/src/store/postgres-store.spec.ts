import { randomBytes } from 'node:crypto';
import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import { useDatabase } from '@stampede/testing';
import { silentLogger } from '@stampede/telemetry';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { NewAccount } from '../domain/accounts.ts';
import { createPostgresAccounts } from './postgres-accounts.ts';
import { createPostgresSessions } from './postgres-sessions.ts';
import { createPostgresSigningKeys } from './postgres-signing-keys.ts';
import { deleteExpiredSessions } from './delete-expired-sessions.ts';

const log = silentLogger();
let database: Database;

beforeAll(async () => {
  const { url } = await useDatabase('user');
  await migrate({ url, directory: new URL('./migrations/', import.meta.url), log });
  database = connectDatabase({ url, applicationName: 'test', max: 12, lockTimeoutMs: 5_000 });
});
afterAll(() => database.close());
beforeEach(() => database.query('TRUNCATE users, sessions, refresh_tokens, signing_keys'));

const accounts = () => createPostgresAccounts(database);
const sessions = () => createPostgresSessions(database);
const tokenHash = () => randomBytes(32);

function newAccount(email = 'Ann@example.com'): NewAccount {
  return {
    id: uuidv7(),
    email,
    emailKey: email.toLowerCase(),
    displayName: 'Ann',
    roles: ['customer'],
    passwordHash: 'hash 1',
  };
}

async function startedSession(refreshSeconds = 60) {
  const account = (await accounts().findByEmail('ann@example.com'))?.account ?? (await accounts().create(newAccount()));
  const first = tokenHash();
  await sessions().start({
    id: uuidv7(),
    userId: account!.id,
    passwordVersion: 1,
    refreshHash: first,
    refreshSeconds,
  });
  return { userId: account!.id, first };
}

test('an account is found by its id and by its e-mail key', async () => {
  const account = newAccount();
  const created = await accounts().create(account);
  expect(created).toMatchObject({ id: account.id, email: 'Ann@example.com', displayName: 'Ann', roles: ['customer'] });
  expect(created?.createTime).toBeInstanceOf(Date);
  await expect(accounts().findById(account.id)).resolves.toEqual(created);
  await expect(accounts().findByEmail('ann@example.com')).resolves.toEqual({
    account: created,
    passwordHash: 'hash 1',
    passwordVersion: 1,
  });
  await expect(accounts().findByEmail('Ann@example.com')).resolves.toBeUndefined();
});

test('of accounts with one address that are created at once, one is', async () => {
  const created = await Promise.all(Array.from({ length: 10 }, () => accounts().create(newAccount())));
  expect(created.filter((account) => account !== undefined)).toHaveLength(1);
});

test('a role that this version does not know gives no right', async () => {
  const account = await accounts().create(newAccount());
  await database.query(`UPDATE users SET roles = '{customer,superuser}'`);
  await expect(accounts().findById(account!.id)).resolves.toMatchObject({ roles: ['customer'] });
});

test('a new password ends every session; another name ends none', async () => {
  const { userId, first } = await startedSession();
  const change = { email: 'ann@example.com', displayName: 'Ann Lee', roles: ['operator'] } as const;
  await expect(accounts().change(userId, 1, change)).resolves.toMatchObject(change);
  const second = tokenHash();
  await expect(sessions().rotate(first, second, 60)).resolves.toMatchObject({ userId, roles: ['operator'] });
  await accounts().change(userId, 1, { ...change, passwordHash: 'hash 2' });
  await expect(sessions().rotate(second, tokenHash(), 60)).resolves.toBeUndefined();
  await expect(accounts().findByEmail('ann@example.com')).resolves.toMatchObject({
    passwordHash: 'hash 2',
    passwordVersion: 2,
  });
  await expect(accounts().change(userId, 1, { ...change, passwordHash: 'hash 3' })).resolves.toBeUndefined();
});

test('a log-in with the former password that is under way starts no session', async () => {
  const account = await accounts().create(newAccount());
  const { id } = account!;
  const start = () =>
    sessions().start({ id: uuidv7(), userId: id, passwordVersion: 1, refreshHash: tokenHash(), refreshSeconds: 60 });
  // The password changes in a transaction that is not committed yet; the log-in waits for it.
  const waiting = await database.transaction(async (tx) => {
    await tx.query(`UPDATE users SET password_version = 2 WHERE id = $1`, [id]);
    const started = start();
    await vi.waitFor(async () => {
      const locked = await tx.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(locked).toHaveLength(1);
    });
    return { started };
  });
  await expect(waiting.started).resolves.toBeUndefined();
  await expect(database.query('SELECT FROM sessions')).resolves.toHaveLength(0);
});

test('only the same hash is replaced', async () => {
  const account = await accounts().create(newAccount());
  await accounts().replaceHash(account!.id, 'another', 'hash 2');
  await expect(accounts().findByEmail('ann@example.com')).resolves.toMatchObject({ passwordHash: 'hash 1' });
  await accounts().replaceHash(account!.id, 'hash 1', 'hash 2');
  await expect(accounts().findByEmail('ann@example.com')).resolves.toMatchObject({
    passwordHash: 'hash 2',
    passwordVersion: 1,
  });
});

test('a chain of rotations goes on; a token used before ends it', async () => {
  const { userId, first } = await startedSession();
  const chain = [first, tokenHash(), tokenHash(), tokenHash()] as const;
  for (const [index, next] of chain.slice(1).entries()) {
    await expect(sessions().rotate(chain[index]!, next, 60)).resolves.toMatchObject({
      userId,
      at: expect.any(Date) as unknown,
    });
  }
  await expect(sessions().rotate(chain[1], tokenHash(), 60)).resolves.toBeUndefined();
  await expect(sessions().rotate(chain[3], tokenHash(), 60)).resolves.toBeUndefined();
});

test('a token used twice ends its own session alone', async () => {
  const { first } = await startedSession();
  const { first: other } = await startedSession();
  await sessions().rotate(first, tokenHash(), 60);
  await sessions().rotate(first, tokenHash(), 60);
  await expect(sessions().rotate(other, tokenHash(), 60)).resolves.toBeDefined();
});

test('of ten rotations of one token at once, exactly one succeeds', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { first } = await startedSession();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => sessions().rotate(first, tokenHash(), 60)));
    expect(outcomes.filter((outcome) => outcome !== undefined)).toHaveLength(1);
  }
});

test('a refused rotation leaves no token behind', async () => {
  const { first } = await startedSession();
  await sessions().revoke(first);
  const next = tokenHash();
  await expect(sessions().rotate(first, next, 60)).resolves.toBeUndefined();
  await expect(database.query('SELECT FROM refresh_tokens WHERE hash = $1', [next])).resolves.toHaveLength(0);
});

test('a token is refused once it has expired, by the clock of the database', async () => {
  const { first } = await startedSession();
  await database.query('UPDATE refresh_tokens SET expire_time = now()');
  await expect(sessions().rotate(first, tokenHash(), 60)).resolves.toBeUndefined();
});

test('a used token revokes the session just as the newest does; an unknown one nothing', async () => {
  const { first } = await startedSession();
  const second = tokenHash();
  await sessions().rotate(first, second, 60);
  await sessions().revoke(tokenHash());
  await sessions().revoke(first);
  await expect(sessions().rotate(second, tokenHash(), 60)).resolves.toBeUndefined();
});

test('sessions whose last token has expired are deleted, and no other', async () => {
  const { first: live } = await startedSession(3_600);
  await startedSession(60);
  await database.query(
    `UPDATE sessions SET expire_time = now() - interval '2 hours' WHERE expire_time < now() + interval '2 minutes'`,
  );
  expect(await deleteExpiredSessions(database)).toBe(1);
  const left = await database.query<{ hash: Buffer }>('SELECT hash FROM refresh_tokens');
  expect(left.map(({ hash }) => hash.toString('hex'))).toEqual([live.toString('hex')]);
});

test('a session whose token was refreshed lives as long as the new one', async () => {
  const { first } = await startedSession(60);
  const second = tokenHash();
  await sessions().rotate(first, second, 3_600);
  const [row] = await database.query<{ same: boolean }>(
    'SELECT sessions.expire_time = token.expire_time AS same FROM sessions, refresh_tokens AS token WHERE token.hash = $1',
    [second],
  );
  expect(row).toEqual({ same: true });
});

test('a session that is refreshed for years keeps only tokens that could still be good', async () => {
  const { first } = await startedSession();
  const chain = [first, ...Array.from({ length: 5 }, tokenHash)];
  for (const [index, next] of chain.slice(1).entries()) {
    await sessions().rotate(chain[index]!, next, 60);
    if (index === 2) await database.query('UPDATE refresh_tokens SET expire_time = now() WHERE use_time IS NOT NULL');
  }
  const kept = await database.query<{ hash: Buffer }>('SELECT hash FROM refresh_tokens');
  const hex = (hashes: readonly Uint8Array[]) => hashes.map((hash) => Buffer.from(hash).toString('hex')).toSorted();
  expect(hex(kept.map(({ hash }) => hash))).toEqual(hex(chain.slice(3)));
});

const key = (kid: string) => ({ kty: 'OKP', crv: 'Ed25519', kid, x: `x of ${kid}`, d: `d of ${kid}` }) as const;

test('of several that make the first key at once, one does, and all use it', async () => {
  const keys = createPostgresSigningKeys(database);
  await expect(keys.current()).rejects.toThrow('no signing key');
  await Promise.all(Array.from({ length: 10 }, (_, index) => keys.ensure(async () => key(`key-${index}`))));
  const { keys: published, at } = await keys.published();
  expect(published).toHaveLength(1);
  const [row] = await database.query<{ now: Date }>('SELECT now()');
  expect(Math.abs((row?.now.getTime() ?? 0) - at.getTime())).toBeLessThan(60_000);
  await expect(keys.current()).resolves.toMatchObject({ kid: published[0]?.kid });
  const make = vi.fn(async () => key('unneeded'));
  await keys.ensure(make);
  expect(make).not.toHaveBeenCalled();
});

test('a key that has signed for long enough is followed by another, once, whoever looks after it; every token verifies throughout', async () => {
  const keys = createPostgresSigningKeys(database);
  const times = { signSeconds: 3_600, aheadSeconds: 60, verifySeconds: 900 };
  const make = vi.fn(async () => key(`key-${make.mock.calls.length}`));
  const pass = (minutes: number) =>
    database.query(
      `UPDATE signing_keys SET activate_time = activate_time - $1 * interval '1 minute',
         retire_time = retire_time - $1 * interval '1 minute', expire_time = expire_time - $1 * interval '1 minute'`,
      [minutes],
    );
  const kids = async () => (await keys.published()).keys.map(({ kid }) => kid).toSorted();

  await keys.ensure(async () => key('first'));
  await pass(59);
  expect(await keys.rotate(make, times)).toBeUndefined();
  expect(make).not.toHaveBeenCalled();

  await pass(2);
  const made = (await Promise.all(Array.from({ length: 10 }, () => keys.rotate(make, times)))).filter(Boolean);
  expect(made).toHaveLength(1);
  await expect(keys.current()).resolves.toMatchObject({ kid: 'first' });
  expect(await kids()).toEqual(['first', made[0]].toSorted());

  await pass(1.01);
  await expect(keys.current()).resolves.toMatchObject({ kid: made[0] });
  expect(await kids()).toEqual(['first', made[0]].toSorted());

  await pass(15);
  expect(await kids()).toEqual([made[0]]);
  expect(await keys.rotate(make, times)).toBeUndefined();
  expect(await database.query('SELECT kid FROM signing_keys')).toEqual([{ kid: made[0] }]);
});

test('the schema holds a rotation: the next key is published first, then signs; the last one verifies until it expires', async () => {
  const keys = createPostgresSigningKeys(database);
  await keys.ensure(async () => key('old'));
  await database.query(`UPDATE signing_keys SET activate_time = now() - interval '1 day'`);
  const rotateAt = async (retire: string, expire: string) => {
    await database.transaction(async (tx) => {
      await tx.query(
        `UPDATE signing_keys SET retire_time = now() + $1::interval, expire_time = now() + $2::interval WHERE retire_time IS NULL`,
        [retire, expire],
      );
      await tx.query(
        `INSERT INTO signing_keys (kid, x, d, activate_time) VALUES ('new', 'x', 'd', now() + $1::interval)`,
        [retire],
      );
    });
  };
  const kids = async () => (await keys.published()).keys.map(({ kid }) => kid);

  await rotateAt('10 minutes', '30 minutes');
  await expect(keys.current()).resolves.toMatchObject({ kid: 'old', d: 'd of old' });
  expect(await kids()).toEqual(['new', 'old']);
  expect((await keys.published()).keys[0]).not.toHaveProperty('d');

  await database.query(
    `UPDATE signing_keys SET activate_time = activate_time - interval '20 minutes',
       retire_time = retire_time - interval '20 minutes', expire_time = expire_time - interval '20 minutes'`,
  );
  await expect(keys.current()).resolves.toMatchObject({ kid: 'new' });
  expect(await kids()).toEqual(['new', 'old']);

  await database.query(`UPDATE signing_keys SET expire_time = now() WHERE kid = 'old'`);
  expect(await kids()).toEqual(['new']);
});
