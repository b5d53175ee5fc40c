import type { Account, Credentials, Role } from './account.ts';

export interface NewAccount {
  readonly id: string;
  readonly email: string;
  /** What tells accounts apart; see `emailKey`. */
  readonly emailKey: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly passwordHash: string;
}

export interface AccountChange {
  readonly email: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  /** The hash of a new password; ends every session of the account, in the same transaction. Absent: the password stays. */
  readonly passwordHash?: string;
}

/** Where accounts are kept; the store implements it. */
export interface Accounts {
  /** `undefined` when another account has this e-mail key. */
  create(account: NewAccount): Promise<Account | undefined>;
  findById(id: string): Promise<Account | undefined>;
  findByEmail(emailKey: string): Promise<Credentials | undefined>;
  /** Changes an account unless its password has changed since `passwordVersion`; then nothing happens and `undefined` is the answer. */
  change(id: string, passwordVersion: number, change: AccountChange): Promise<Account | undefined>;
  /** Puts another hash of the same password in place of `from`, if that is still there. */
  replaceHash(id: string, from: string, to: string): Promise<void>;
}
