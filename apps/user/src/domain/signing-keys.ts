/** A public Ed25519 key as a JWK (RFC 8037). */
export interface PublicKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** The 32 bytes of the key, base64url. */
  readonly x: string;
  /** The key's RFC 7638 thumbprint. */
  readonly kid: string;
}

/** A key pair: `d` is the secret half, base64url. */
export interface SigningKey extends PublicKey {
  readonly d: string;
}

/** The keys that sign access tokens, shared by all instances; the store implements it. */
export interface SigningKeys {
  /** The key that signs now. */
  current(): Promise<SigningKey>;
  /** Every key that a good token may be signed with, those that will sign soon among them; and the database's time. */
  published(): Promise<{ readonly keys: readonly PublicKey[]; readonly at: Date }>;
}
