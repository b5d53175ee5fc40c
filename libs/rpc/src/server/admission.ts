import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import { createVerifier } from '../wire/service-proof.ts';
import { decodeUser, type User } from '../wire/user-claim.ts';
import type { Arrival } from './arrival.ts';

export interface AdmissionOptions {
  readonly instance: string;
  /** Without one no claim can be proven: every caller is anonymous. */
  readonly secret: string | undefined;
  readonly usersFrom: readonly string[];
  readonly clock: Clock;
}

export interface Admitted {
  readonly caller: string | undefined;
  readonly user: User | undefined;
}

/** Users remembered as they were claimed; beyond, all are forgotten and read again. */
const MAX_USERS = 20_000;
const ANONYMOUS: Admitted = { caller: undefined, user: undefined };

/**
 * Who calls, and for whom. A call meant for another instance is refused; a claim that does not verify is UNAUTHENTICATED, no claim is
 * anonymous. What a proven caller says of a user is believed only if it is one of `usersFrom`, and ignored otherwise, since callers pass
 * the user of the call they serve on to everybody.
 */
export function createAdmission({
  instance,
  secret,
  usersFrom,
  clock,
}: AdmissionOptions): (arrival: Arrival) => Admitted {
  const verify = secret === undefined ? undefined : createVerifier(secret, clock);
  const believed = new Set(usersFrom);
  const users = new Map<string, User>();
  return ({ meant, proof, claim }) => {
    if (meant !== undefined && meant !== instance) {
      throw new AppError('UNAVAILABLE', 'WRONG_INSTANCE', 'this address serves another instance', {
        metadata: { instance },
      });
    }
    if (verify === undefined) return ANONYMOUS;
    if (proof === undefined) {
      if (claim === undefined) return ANONYMOUS;
      throw new AppError(
        'UNAUTHENTICATED',
        'CALLER_NOT_PROVEN',
        'a user is claimed by a caller that has not proven itself',
      );
    }
    const caller = verify(proof);
    if (caller === undefined) {
      throw new AppError('UNAUTHENTICATED', 'CALLER_NOT_PROVEN', 'the proof of the calling service is not valid');
    }
    if (claim === undefined || !believed.has(caller)) return { caller, user: undefined };
    const known = users.get(claim);
    if (known !== undefined) return { caller, user: known };
    const user = decodeUser(claim);
    if (user === undefined) throw new AppError('UNAUTHENTICATED', 'USER_MALFORMED', 'the claimed user cannot be read');
    if (users.size >= MAX_USERS) users.clear();
    users.set(claim, user);
    return { caller, user };
  };
}
