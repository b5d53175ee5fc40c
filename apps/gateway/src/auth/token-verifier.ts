import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { User } from '@stampede/rpc';
import type { KeySet } from './key-set.ts';

export interface TokenVerifierOptions {
  readonly keys: KeySet;
  readonly clock: Clock;
  /** Tokens remembered as good; 50,000 if absent. */
  readonly maxGood?: number;
}

export interface TokenVerifier {
  /** Whose token it is: at once where it is remembered. Throws UNAUTHENTICATED with INVALID_TOKEN or TOKEN_EXPIRED. */
  verify(token: string): User | Promise<User>;
  /** Whose token it is, where it is remembered as good; undefined for any other. Throws TOKEN_EXPIRED where it was good. */
  remembered(token: string): User | undefined;
}

interface Verified {
  readonly token: string;
  readonly user: User;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** How many were remembered when it was last moved to the front of the cache. */
  movedAt: number;
}

/** An access token of ours has some 500 bytes. */
const MAX_LENGTH = 4096;
/** Characters at the end of a token, half of its signature, by which it is looked up: to hash all of it costs more than to compare it. */
const TAIL = 43;
const MAX_BAD = 10_000;
const BAD_TTL_MS = 5_000;

/**
 * Verifies access tokens (RFC 9068): EdDSA and nothing else, so that neither `alg: none` nor an HMAC with the public key passes. Verifying
 * costs a tenth of a millisecond, so a good token is remembered until it expires, and a bad one for a few seconds.
 */
export function createTokenVerifier({ keys, clock, maxGood = 50_000 }: TokenVerifierOptions): TokenVerifier {
  const good = new LRUCache<string, Verified>({ max: maxGood });
  const bad = new LRUCache<string, AppError>({
    max: MAX_BAD,
    ttl: BAD_TTL_MS,
    ttlResolution: 0,
    // Not 0, which the cache takes for no time at all.
    perf: { now: () => clock.monotonic() + 1 },
  });

  let added = 0;

  async function check(token: string): Promise<User> {
    try {
      // First, since the time comes with the keys.
      const key = await keyOf(decodeProtectedHeader(token).kid);
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer: 'stampede',
        audience: 'stampede-api',
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(keys.now()),
      });
      added += 1;
      const verified = { token, user: userOf(payload), expiresAt: (payload.exp ?? 0) * 1000, movedAt: added };
      good.set(tailOf(token), verified);
      return verified.user;
    } catch (error) {
      const refusal = refusalOf(error);
      // A key that is not known now may be known in a moment, and one that could not be fetched says nothing of the token.
      if (refusal.code === 'UNAUTHENTICATED' && refusal.reason !== 'UNKNOWN_KEY') bad.set(token, refusal);
      throw refusal;
    }
  }

  async function keyOf(kid: string | undefined) {
    const key = kid === undefined || kid === '' ? undefined : await keys.find(kid);
    if (key === undefined)
      throw new AppError('UNAUTHENTICATED', 'UNKNOWN_KEY', 'the token is signed with an unknown key');
    return key;
  }

  function remembered(token: string): User | undefined {
    const tail = tailOf(token);
    const known = good.peek(tail);
    if (known?.token !== token) return undefined;
    if (known.expiresAt <= keys.now()) {
      good.delete(tail);
      throw expired();
    }
    // Moving it writes to memory that no other request has near, and matters only when as many have come as push it out.
    if (added - known.movedAt > maxGood / 4) {
      known.movedAt = added;
      good.get(tail);
    }
    return known.user;
  }

  return {
    remembered,
    verify(token) {
      const user = remembered(token);
      if (user !== undefined) return user;
      if (token.length > MAX_LENGTH) throw invalidToken();
      const refusal = bad.get(token);
      if (refusal !== undefined) throw refusal;
      return check(token);
    },
  };
}

function tailOf(token: string): string {
  return token.slice(-TAIL);
}

function userOf({ sub, roles }: JWTPayload): User {
  if (sub === undefined || sub === '' || !Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) {
    throw invalidToken();
  }
  return { id: sub, roles: roles };
}

function refusalOf(error: unknown): AppError {
  if (error instanceof AppError) return AppError.from(error);
  if (error instanceof errors.JWTExpired) return expired();
  // A signature of the wrong length and its like come as TypeError or DOMException.
  return invalidToken(error);
}

function expired(): AppError {
  return new AppError('UNAUTHENTICATED', 'TOKEN_EXPIRED', 'the access token has expired');
}

function invalidToken(cause?: unknown): AppError {
  return new AppError('UNAUTHENTICATED', 'INVALID_TOKEN', 'the access token is not valid', { cause });
}
