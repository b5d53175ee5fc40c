/** What an account may do: customers buy, operators run the shop. */
export const ROLES = ['customer', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** A person known to the shop. */
export interface Account {
  /** UUIDv7. */
  readonly id: string;
  /** As it was typed. Addresses that differ in case alone are the same account's. */
  readonly email: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly createTime: Date;
}

/** An account with what proves that its owner is there. */
export interface Credentials {
  readonly account: Account;
  /** A PHC string. */
  readonly passwordHash: string;
  /** Rises by one with each new password, not when the same password is hashed anew. */
  readonly passwordVersion: number;
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
