/** Slow, salted hashing of passwords; `src/crypto` implements it. Bounded: fails with TOO_MANY_LOGINS when too many wait. */
export interface PasswordHasher {
  /** A PHC string of the current parameters. `signal` takes the work out of the queue if it has not begun. */
  hash(password: string, signal?: AbortSignal): Promise<string>;
  /** Whether `hash` is of `password`. Without a hash it does the same work, so that nobody can time who has an account, and is false. */
  verify(hash: string | undefined, password: string, signal?: AbortSignal): Promise<boolean>;
  /** Whether `hash` was made with other parameters than the current ones. */
  outdated(hash: string): boolean;
}
