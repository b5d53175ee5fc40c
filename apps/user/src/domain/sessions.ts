import type { Role } from './account.ts';

export interface NewSession {
  /** UUIDv7. */
  readonly id: string;
  readonly userId: string;
  /** The password that was proven: the session does not start if the account has another by now. */
  readonly passwordVersion: number;
  /** SHA-256 of its first refresh token. */
  readonly refreshHash: Uint8Array;
  /** Seconds until the refresh token expires. */
  readonly refreshSeconds: number;
}

/** A session that goes on: what its next access token says. */
export interface Continued {
  readonly userId: string;
  readonly roles: readonly Role[];
  /** The database's time, which all instances share. */
  readonly at: Date;
}

/**
 * Where sessions are kept; the store implements it. A session is the line of refresh tokens that began with one log-in.
 * Every expiry is decided by the database's clock.
 */
export interface Sessions {
  /** `undefined` when the account is gone or its password changed. */
  start(session: NewSession): Promise<Continued | undefined>;
  /**
   * Uses one refresh token up and puts `next` in its place, atomically: of several at once, one succeeds.
   * `undefined` when it is unknown, expired, revoked or was used before; the last ends the session.
   */
  rotate(refreshHash: Uint8Array, next: Uint8Array, refreshSeconds: number): Promise<Continued | undefined>;
  /** Ends the session of a refresh token, used or not; nothing happens for an unknown one. */
  revoke(refreshHash: Uint8Array): Promise<void>;
}
