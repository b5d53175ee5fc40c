import type { Continued } from './sessions.ts';

/** Makes tokens; `src/crypto` implements it. */
export interface TokenIssuer {
  /** A signed access token, good from `session.at` on for `expiresIn` seconds. */
  accessToken(session: Continued): Promise<{ readonly accessToken: string; readonly expiresIn: number }>;
  /** A new random refresh token and its fingerprint: the token goes to the client, only the fingerprint is kept. */
  refreshToken(): { readonly refreshToken: string; readonly hash: Uint8Array; readonly seconds: number };
  /** The fingerprint of a token that came back; `undefined` for what cannot be one of ours. */
  fingerprint(refreshToken: string): Uint8Array | undefined;
}

/** What a client gets for its password or its last refresh token. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds for which the access token is good. */
  readonly expiresIn: number;
}
