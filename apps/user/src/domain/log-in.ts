import type { Credentials } from './account.ts';
import type { Accounts } from './accounts.ts';
import { check } from './check.ts';
import { emailKey, knownEmailRule } from './email.ts';
import { hashedForm, passwordRule } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { badCredentials, isTooManyLogins } from './reasons.ts';
import type { Sessions } from './sessions.ts';
import type { TokenIssuer, Tokens } from './token-issuer.ts';

export interface LogInPorts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly hasher: PasswordHasher;
  readonly tokens: TokenIssuer;
  readonly newId: () => string;
}

/**
 * Starts a session. Throws INVALID_ARGUMENT, BAD_CREDENTIALS or TOO_MANY_LOGINS. Whether the account exists changes neither the
 * answer nor the work done for it: one password is verified either way.
 */
export async function logIn(
  { accounts, sessions, hasher, tokens, newId }: LogInPorts,
  { email, password }: { readonly email: string; readonly password: string },
  signal?: AbortSignal,
): Promise<Tokens> {
  check({ email: knownEmailRule(email), password: passwordRule(password) });
  const secret = hashedForm(password);
  const found = await accounts.findByEmail(emailKey(email));
  const proven = await hasher.verify(found?.passwordHash, secret, signal);
  if (found === undefined || !proven) throw badCredentials();
  await renewHash({ accounts, hasher }, found, secret, signal);
  const { refreshToken, hash, seconds } = tokens.refreshToken();
  const session = await sessions.start({
    id: newId(),
    userId: found.account.id,
    passwordVersion: found.passwordVersion,
    refreshHash: hash,
    refreshSeconds: seconds,
  });
  if (session === undefined) throw badCredentials();
  return { ...(await tokens.accessToken(session)), refreshToken };
}

/** The password is at hand only now: hashes made with former parameters are replaced as their owners log in. */
async function renewHash(
  { accounts, hasher }: Pick<LogInPorts, 'accounts' | 'hasher'>,
  { account, passwordHash }: Credentials,
  secret: string,
  signal?: AbortSignal,
): Promise<void> {
  if (!hasher.outdated(passwordHash)) return;
  try {
    await accounts.replaceHash(account.id, passwordHash, await hasher.hash(secret, signal));
  } catch (error) {
    if (!isTooManyLogins(error)) throw error; // else another log-in will do it
  }
}
