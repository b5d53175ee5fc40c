import { UserErrorReason } from '@stampede/contracts';
import type { AppError } from '@stampede/errors';
import { expect, test } from 'vitest';
import {
  badCredentials,
  badRefreshToken,
  emailTaken,
  tooManyLogins,
  userNotFound,
  type UserReason,
} from '../domain/reasons.ts';

const failures: Readonly<Record<UserReason, AppError<UserReason>>> = {
  EMAIL_TAKEN: emailTaken(),
  BAD_CREDENTIALS: badCredentials(),
  BAD_REFRESH_TOKEN: badRefreshToken(),
  USER_NOT_FOUND: userNotFound(),
  TOO_MANY_LOGINS: tooManyLogins(),
};

test('the domain has every reason of the contract, and no other', () => {
  expect(['UNSPECIFIED', ...Object.keys(failures)]).toEqual(Object.keys(UserErrorReason));
  for (const [reason, failure] of Object.entries(failures)) expect(failure.reason).toBe(reason);
});
