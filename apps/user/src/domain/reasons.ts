import { AppError } from '@stampede/errors';

/** The reasons that this domain answers; the contract has the same names. */
export type UserReason = 'EMAIL_TAKEN' | 'BAD_CREDENTIALS' | 'BAD_REFRESH_TOKEN' | 'USER_NOT_FOUND' | 'TOO_MANY_LOGINS';

export function emailTaken(): AppError<UserReason> {
  return new AppError('ALREADY_EXISTS', 'EMAIL_TAKEN', 'an account with this e-mail address exists');
}

/** The same words whatever was wrong: they must not tell whether the account exists. */
export function badCredentials(): AppError<UserReason> {
  return new AppError('UNAUTHENTICATED', 'BAD_CREDENTIALS', 'the e-mail address or the password is wrong');
}

export function badRefreshToken(): AppError<UserReason> {
  return new AppError('UNAUTHENTICATED', 'BAD_REFRESH_TOKEN', 'the refresh token is not good any more: log in again');
}

export function userNotFound(): AppError<UserReason> {
  return new AppError('NOT_FOUND', 'USER_NOT_FOUND', 'the account is gone');
}

export function tooManyLogins(): AppError<UserReason> {
  return new AppError('RESOURCE_EXHAUSTED', 'TOO_MANY_LOGINS', 'too many passwords are being checked right now');
}

export function isTooManyLogins(error: unknown): boolean {
  return error instanceof AppError && error.reason === ('TOO_MANY_LOGINS' satisfies UserReason);
}
