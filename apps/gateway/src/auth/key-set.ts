import { importJWK, type CryptoKey } from 'jose';
import { AppError } from '@stampede/errors';
import type { Jwk } from '@stampede/contracts';
import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';

export interface KeySetOptions {
  /** Asks whoever signs the tokens for its public keys, and for the time that it signs by. */
  readonly fetchKeys: () => Promise<{ readonly keys: readonly Jwk[]; readonly time: Date | undefined }>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds between two fetches, however many unknown key ids come in; 3,000 if absent. */
  readonly cooldownMs?: number;
  /** Milliseconds after which keys are fetched anew, so that a withdrawn one stops working; 300,000 if absent. */
  readonly maxAgeMs?: number;
}

/** The public keys that verify access tokens. */
export interface KeySet {
  /** The key of this id; undefined if there is none. Rejects where that cannot be told, as keys could not be fetched (any yet, or the newest). */
  find(kid: string): Promise<CryptoKey | undefined>;
  /**
   * The time that tokens are issued by, in epoch milliseconds: what the signer said with its keys, and what a clock that never jumps has counted
   * since. This process's own until keys were fetched.
   */
  now(): number;
  /** The same, once it was said: waits for the first keys. Rejects where none could be fetched yet. */
  heardNow(): number | Promise<number>;
}

/**
 * Keys by id, fetched when the first token comes and again for an id that is not among them. One fetch serves all who wait, and there is
 * at most one in `cooldownMs`, so that tokens with made-up ids cost the user service nothing. When a fetch fails, the keys at hand stay.
 */
export function createKeySet({ fetchKeys, clock, log, cooldownMs = 3_000, maxAgeMs = 300_000 }: KeySetOptions): KeySet {
  let keys: ReadonlyMap<string, CryptoKey> | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;
  /** Why the newest keys are not known; undefined where they are. */
  let failure: unknown;
  let issuedAt: { readonly time: number; readonly heardAt: number } | undefined;

  async function refresh(): Promise<void> {
    fetchedAt = clock.monotonic();
    try {
      const { keys: jwks, time } = await fetchKeys();
      // As of the end of the call: at worst a little behind, so that no good token is refused.
      if (time !== undefined) issuedAt = { time: time.getTime(), heardAt: clock.monotonic() };
      keys = new Map((await Promise.all(jwks.map(importKey))).flat());
      failure = undefined;
    } catch (error) {
      // Nobody could be let in without keys: the next token may ask again at once.
      if (keys === undefined) {
        fetchedAt = Number.NEGATIVE_INFINITY;
        throw error;
      }
      failure = error;
      log.warn({ err: error }, 'the keys of tokens could not be fetched; those at hand stay');
    }
  }

  function refreshOnce(): Promise<void> {
    fetching ??= refresh().finally(() => (fetching = undefined));
    return fetching;
  }

  const now = () => (issuedAt === undefined ? clock.now() : issuedAt.time + clock.monotonic() - issuedAt.heardAt);

  return {
    async find(kid) {
      const age = clock.monotonic() - fetchedAt;
      if (keys === undefined || (!keys.has(kid) && (fetching !== undefined || age >= cooldownMs))) await refreshOnce();
      else if (age >= maxAgeMs) void refreshOnce();
      const key = keys?.get(kid);
      // It may be one that signs since the fetch that failed: whoever has it is to try again, and not to log in anew.
      if (key === undefined && failure !== undefined) throw unknowable(failure);
      return key;
    },
    now,
    heardNow: () => (keys === undefined ? refreshOnce().then(now) : now()),
  };
}

function unknowable(cause: unknown): AppError {
  return new AppError('UNAVAILABLE', 'KEYS_UNAVAILABLE', 'the keys of tokens cannot be had right now: try again', {
    cause,
    metadata: { retry_after_seconds: '3' },
  });
}

/** Only Ed25519 keys for signatures are taken, whatever else the set holds. */
async function importKey({ kty, crv, x, kid, use }: Jwk): Promise<[string, CryptoKey][]> {
  if (kty !== 'OKP' || crv !== 'Ed25519' || kid === '' || (use !== '' && use !== 'sig')) return [];
  const key = await importJWK({ kty, crv, x }, 'EdDSA');
  return key instanceof Uint8Array ? [] : [[kid, key]];
}
