import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@stampede/lifecycle';

/** Seconds a proof is good for, and how long before its end a new one is made. */
const LIFETIME_S = 600;
const RENEW_S = 120;
/**
 * Seconds by which the clocks of two processes may differ: two hours, one an hour ahead and one behind, and ten minutes for the proof's own age. A
 * clock that is wrong must not shut a process out, and nobody but who holds the secret makes proofs; the price is how long a stolen one works.
 */
const MAX_SKEW_S = 7_800;
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
    // The clock may have been set, either way.
    if (expiry - now < RENEW_S || expiry - now > LIFETIME_S) {
      expiry = Math.floor(now) + LIFETIME_S;
      proof = `${name}.${expiry}.${mac(secret, `${name}.${expiry}`)}`;
    }
    return proof;
  };
}

/**
 * Answers the name that a proof proves, or undefined for one that is forged, or expired or yet to come by more than clocks may differ. Verified
 * once, then remembered.
 */
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
    const left = known.expiry - clock.now() / 1000;
    return left > -MAX_SKEW_S && left <= LIFETIME_S + MAX_SKEW_S ? known.name : undefined;
  };
}

function mac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
