import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@stampede/lifecycle';

/** Seconds a proof is good for, and how long before its end a new one is made. */
const LIFETIME_S = 600;
const RENEW_S = 120;
/** Proofs remembered by a verifier: one a caller and lifetime. Beyond, all are forgotten and verified again. */
const MAX_CACHED = 1_000;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Mints `name.expiry.mac`: the calling service, the end of the proof in epoch seconds, and base64url(HMAC-SHA256(secret, `name.expiry`)).
 * The proof is made once and used until it is nearly over.
 */
export function createProver(name: string, secret: string, clock: Pick<Clock, 'now'>): () => string {
  if (!NAME.test(name)) throw new TypeError(`a service's name must match ${NAME.source}: ${name}`);
  let expiry = 0;
  let proof = '';
  return () => {
    const now = clock.now() / 1000;
    if (expiry - now < RENEW_S) {
      expiry = Math.floor(now) + LIFETIME_S;
      proof = `${name}.${expiry}.${mac(secret, `${name}.${expiry}`)}`;
    }
    return proof;
  };
}

/** Answers the name that a proof proves, or undefined for a forged or expired one. Verified once, then remembered. */
export function createVerifier(secret: string, clock: Pick<Clock, 'now'>): (proof: string) => string | undefined {
  const proven = new Map<string, { readonly name: string; readonly expiry: number }>();
  return (proof) => {
    let known = proven.get(proof);
    if (known === undefined) {
      const [name = '', expiry = '', sent = '', ...rest] = proof.split('.');
      if (rest.length > 0 || !NAME.test(name) || !/^\d{1,12}$/.test(expiry)) return undefined;
      if (!equal(sent, mac(secret, `${name}.${expiry}`))) return undefined;
      known = { name, expiry: Number(expiry) };
      if (proven.size >= MAX_CACHED) proven.clear();
      proven.set(proof, known);
    }
    return clock.now() / 1000 < known.expiry ? known.name : undefined;
  };
}

function mac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
