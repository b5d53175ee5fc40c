import { randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A key of the bench's own, as the user service publishes one, and what it signs. */
export interface TestKey {
  readonly kid: string;
  readonly x: string;
  mint(roles: readonly string[]): Promise<string>;
}

/** Long enough for a bench, short enough for a key that leaks. */
const LIFETIME = '6h';

/** Makes a key that signs the same tokens that the user service does: to log 10,000 customers in by password would take minutes. */
export async function makeTestKey(): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const { x = '' } = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x });
  return {
    kid,
    x,
    mint: (roles) =>
      new SignJWT({ roles: [...roles] })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
        .setIssuer('stampede')
        .setAudience('stampede-api')
        .setSubject(randomUUID())
        .setIssuedAt()
        .setExpirationTime(LIFETIME)
        .setJti(randomUUID())
        .sign(privateKey),
  };
}

/** One after the other: they are short, and signing keeps a core busy anyway. */
export async function mintMany(count: number, mint: () => Promise<string>): Promise<string[]> {
  const tokens: string[] = [];
  while (tokens.length < count) tokens.push(await mint());
  return tokens;
}
