import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@stampede/errors';
import type { User } from '@stampede/rpc';

export const TOKEN = 'header.claims.signature-of-the-bench';

const USERS = new Map<string, User>([[TOKEN, { id: '01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f', roles: ['customer'] }]]);

/** Who asks, by a token that has been verified before: what both servers do for each request. */
export function authenticate({ authorization }: IncomingHttpHeaders): User {
  const user = authorization?.startsWith('Bearer ') === true ? USERS.get(authorization.slice(7)) : undefined;
  if (user === undefined) throw new AppError('UNAUTHENTICATED', 'INVALID_TOKEN', 'the access token is not valid');
  return user;
}
