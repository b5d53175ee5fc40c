import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { SigningKey } from '../domain/signing-keys.ts';

/** A new random Ed25519 key pair. */
export async function makeSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const { x, d } = await exportJWK(privateKey);
  if (x === undefined || d === undefined) throw new Error('an Ed25519 key without x or d');
  const key = { kty: 'OKP', crv: 'Ed25519', x } as const;
  return { ...key, d, kid: await calculateJwkThumbprint(key) };
}
