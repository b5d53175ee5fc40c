import { importJWK, type CryptoKey } from 'jose';
import type { Jwk } from '@stampede/contracts';
import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';

export interface KeySetOptions {
  /** Asks whoever signs the tokens for its public keys. */
  readonly fetchKeys: () => Promise<readonly Jwk[]>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds between two fetches, however many unknown key ids come in; 3,000 if absent. */
  readonly cooldownMs?: number;
  /** Milliseconds after which keys are fetched anew, so that a withdrawn one stops working; 300,000 if absent. */
  readonly maxAgeMs?: number;
}

/** The public keys that verify access tokens. */
export interface KeySet {
  /** The key of this id; undefined if there is none. Rejects where no keys could be fetched yet. */
  find(kid: string): Promise<CryptoKey | undefined>;
}

/**
 * Keys by id, fetched when the first token comes and again for an id that is not among them. One fetch serves all who wait, and there is
 * at most one in `cooldownMs`, so that tokens with made-up ids cost the user service nothing. When a fetch fails, the keys at hand stay.
 */
export function createKeySet({ fetchKeys, clock, log, cooldownMs = 3_000, maxAgeMs = 300_000 }: KeySetOptions): KeySet {
  let keys: ReadonlyMap<string, CryptoKey> | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    fetchedAt = clock.monotonic();
    try {
      keys = new Map((await Promise.all((await fetchKeys()).map(importKey))).flat());
    } catch (error) {
      // Nobody could be let in without keys: the next token may ask again at once.
      if (keys === undefined) {
        fetchedAt = Number.NEGATIVE_INFINITY;
        throw error;
      }
      log.warn({ err: error }, 'the keys of tokens could not be fetched; those at hand stay');
    }
  }

  function refreshOnce(): Promise<void> {
    fetching ??= refresh().finally(() => (fetching = undefined));
    return fetching;
  }

  return {
    async find(kid) {
      const age = clock.monotonic() - fetchedAt;
      if (keys === undefined || (!keys.has(kid) && (fetching !== undefined || age >= cooldownMs))) await refreshOnce();
      else if (age >= maxAgeMs) void refreshOnce();
      return keys?.get(kid);
    },
  };
}

/** Only Ed25519 keys for signatures are taken, whatever else the set holds. */
async function importKey({ kty, crv, x, kid, use }: Jwk): Promise<[string, CryptoKey][]> {
  if (kty !== 'OKP' || crv !== 'Ed25519' || kid === '' || (use !== '' && use !== 'sig')) return [];
  const key = await importJWK({ kty, crv, x }, 'EdDSA');
  return key instanceof Uint8Array ? [] : [[kid, key]];
}
