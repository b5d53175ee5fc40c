import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { importJWK, SignJWT, type CryptoKey } from 'jose';
import type { SigningKey, SigningKeys } from '../domain/signing-keys.ts';
import type { TokenIssuer } from '../domain/token-issuer.ts';

export const ISSUER = 'stampede';
export const AUDIENCE = 'stampede-api';

/** The `typ` of an access token, so that no other JWT passes for one (RFC 9068, 2.1; RFC 8725, 3.11). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

const REFRESH_TOKEN_BYTES = 32;
const REFRESH_TOKEN = /^[\w-]{43}$/;

export interface Lifetimes {
  /** Seconds for which an access token is good. */
  readonly accessSeconds: number;
  /** Seconds for which a refresh token is good. */
  readonly refreshSeconds: number;
}

export interface JwtIssuerOptions {
  readonly keys: SigningKeys;
  /** Asked anew each time, so that they may change. */
  readonly lifetimes: () => Lifetimes;
}

/** Access tokens as JWTs signed with EdDSA (RFC 8037); refresh tokens as 256 random bits, known by their SHA-256. */
export function createJwtIssuer({ keys, lifetimes }: JwtIssuerOptions): TokenIssuer {
  let imported: { readonly kid: string; readonly key: Promise<CryptoKey> } | undefined;

  function privateKey(signing: SigningKey): Promise<CryptoKey> {
    if (imported?.kid !== signing.kid) imported = { kid: signing.kid, key: importPrivateKey(signing) };
    return imported.key;
  }

  return {
    async accessToken({ userId, roles, at }) {
      const signing = await keys.current();
      const expiresIn = lifetimes().accessSeconds;
      const issued = Math.floor(at.getTime() / 1000);
      const accessToken = await new SignJWT({ roles: [...roles] })
        .setProtectedHeader({ alg: 'EdDSA', typ: ACCESS_TOKEN_TYPE, kid: signing.kid })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setIssuedAt(issued)
        .setExpirationTime(issued + expiresIn)
        .setJti(randomUUID())
        .sign(await privateKey(signing));
      return { accessToken, expiresIn };
    },
    refreshToken() {
      const refreshToken = randomBytes(REFRESH_TOKEN_BYTES).toString('base64url');
      return { refreshToken, hash: sha256(refreshToken), seconds: lifetimes().refreshSeconds };
    },
    fingerprint: (refreshToken) => (REFRESH_TOKEN.test(refreshToken) ? sha256(refreshToken) : undefined),
  };
}

async function importPrivateKey({ kty, crv, x, d }: SigningKey): Promise<CryptoKey> {
  const key = await importJWK({ kty, crv, x, d }, 'EdDSA');
  if (key instanceof Uint8Array) throw new Error('an Ed25519 key that is a plain secret');
  return key;
}

/** Unsalted and fast is right here: nobody can guess 256 random bits. */
function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
