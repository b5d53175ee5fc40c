import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@stampede/errors';
import type { User } from '@stampede/rpc';
import { PUBLIC_METHODS } from './public-methods.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** RFC 6750, 2.1, with the three parts of a signed JWT (RFC 7515, 3.1); the scheme's name in any case (RFC 9110, 11.1). */
const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i;

/** Who calls `method`: nobody where it is open to all. Throws UNAUTHENTICATED where a token is needed and there is no good one. */
export function createAuthenticate(verifier: TokenVerifier) {
  return (
    { headers }: { readonly headers: IncomingHttpHeaders },
    { fullName }: { readonly fullName: string },
  ): User | Promise<User> | undefined => {
    if (PUBLIC_METHODS.has(fullName)) return undefined;
    const { authorization } = headers;
    if (authorization === undefined)
      throw new AppError('UNAUTHENTICATED', 'TOKEN_MISSING', 'this needs an access token');
    // As most clients send it. What is remembered was well-formed.
    const remembered = authorization.startsWith('Bearer ') ? verifier.remembered(authorization.slice(7)) : undefined;
    if (remembered !== undefined) return remembered;
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) {
      throw new AppError(
        'UNAUTHENTICATED',
        'INVALID_TOKEN',
        'the header Authorization must hold an access token: Bearer <JWT>',
      );
    }
    return verifier.verify(token);
  };
}

/** `WWW-Authenticate` of a 401: tells a bad token from none at all (RFC 6750, 3). */
export function challengeOf({ reason, message }: AppError): string {
  const bad = reason === 'INVALID_TOKEN' || reason === 'TOKEN_EXPIRED' || reason === 'UNKNOWN_KEY';
  return bad
    ? `Bearer realm="stampede", error="invalid_token", error_description="${message}"`
    : 'Bearer realm="stampede"';
}
