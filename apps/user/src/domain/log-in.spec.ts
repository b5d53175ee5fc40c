import { AppError } from '@stampede/errors';
import { expect, test, vi } from 'vitest';
import type { Credentials } from './account.ts';
import { logIn, type LogInPorts } from './log-in.ts';

const ann: Credentials = {
  account: {
    id: '0190a0a0-0000-7000-8000-000000000001',
    email: 'Ann@example.com',
    displayName: 'Ann',
    roles: ['customer'],
    createTime: new Date(0),
  },
  passwordHash: 'hash of: right password',
  passwordVersion: 3,
};

function setup() {
  const verify = vi.fn(async (hash: string | undefined, password: string) => hash === `hash of: ${password}`);
  const hash = vi.fn(async (password: string) => `new hash of: ${password}`);
  const outdated = vi.fn(() => false);
  const replaceHash = vi.fn(async () => undefined);
  const start = vi.fn<LogInPorts['sessions']['start']>(async ({ userId }) => ({
    userId,
    roles: ['customer'],
    at: new Date(0),
  }));
  const unexpected = () => Promise.reject(new Error('not asked for'));
  const ports: LogInPorts = {
    accounts: {
      create: unexpected,
      change: unexpected,
      findById: unexpected,
      findByEmail: async (key) => (key === 'ann@example.com' ? ann : undefined),
      replaceHash,
    },
    sessions: { start, rotate: unexpected, revoke: unexpected },
    hasher: { verify, hash, outdated },
    tokens: {
      accessToken: async ({ userId }) => ({ accessToken: `access of ${userId}`, expiresIn: 900 }),
      refreshToken: () => ({ refreshToken: 'refresh', hash: new Uint8Array([1]), seconds: 60 }),
      fingerprint: () => undefined,
    },
    newId: () => 'session-1',
  };
  return { ports, verify, hash, outdated, replaceHash, start };
}

const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => undefined,
    (error: unknown) => error as AppError,
  );

test('the right password starts a session, whatever the case of the address', async () => {
  const { ports, start } = setup();
  await expect(logIn(ports, { email: ' ANN@example.com', password: 'right password' })).resolves.toEqual({
    accessToken: `access of ${ann.account.id}`,
    refreshToken: 'refresh',
    expiresIn: 900,
  });
  expect(start).toHaveBeenCalledExactlyOnceWith({
    id: 'session-1',
    userId: ann.account.id,
    passwordVersion: 3,
    refreshHash: new Uint8Array([1]),
    refreshSeconds: 60,
  });
});

test('a wrong password and an unknown address get the same answer for the same work', async () => {
  const answers: unknown[] = [];
  for (const email of ['ann@example.com', 'nobody@example.com', 'not even an address']) {
    const { ports, verify, hash, start } = setup();
    const error = await failure(logIn(ports, { email, password: 'wrong password' }));
    expect(error).toBeInstanceOf(AppError);
    answers.push([error?.code, error?.reason, error?.message, error?.metadata, error?.violations]);
    expect([verify.mock.calls.length, hash.mock.calls.length, start.mock.calls.length]).toEqual([1, 0, 0]);
  }
  expect(answers[0]).toEqual(expect.arrayContaining(['UNAUTHENTICATED', 'BAD_CREDENTIALS']));
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
});

test('what cannot be a password or an address is not hashed', async () => {
  const { ports, verify } = setup();
  const error = await failure(logIn(ports, { email: '', password: 'x'.repeat(1_000_000) }));
  expect(error?.violations.map(({ field }) => field)).toEqual(['email', 'password']);
  expect(verify).not.toHaveBeenCalled();
});

test('a password that changed while it was verified starts no session', async () => {
  const { ports, start } = setup();
  start.mockResolvedValue(undefined);
  const error = await failure(logIn(ports, { email: 'ann@example.com', password: 'right password' }));
  expect(error?.reason).toBe('BAD_CREDENTIALS');
});

test('a hash of former parameters is replaced at log-in', async () => {
  const { ports, outdated, replaceHash } = setup();
  outdated.mockReturnValue(true);
  await logIn(ports, { email: 'ann@example.com', password: 'right password' });
  expect(replaceHash).toHaveBeenCalledExactlyOnceWith(ann.account.id, ann.passwordHash, 'new hash of: right password');
});

test('when too many wait, replacing a hash is left to the next log-in', async () => {
  const { ports, outdated, hash, replaceHash } = setup();
  outdated.mockReturnValue(true);
  hash.mockRejectedValue(new AppError('RESOURCE_EXHAUSTED', 'TOO_MANY_LOGINS', 'busy'));
  await expect(logIn(ports, { email: 'ann@example.com', password: 'right password' })).resolves.toMatchObject({
    refreshToken: 'refresh',
  });
  expect(replaceHash).not.toHaveBeenCalled();
});
