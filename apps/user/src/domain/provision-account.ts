import { AppError } from '@stampede/errors';
import { isRole, ROLES, type Account, type Credentials } from './account.ts';
import type { Accounts } from './accounts.ts';
import { check } from './check.ts';
import { displayedName, displayNameRule } from './display-name.ts';
import { displayedEmail, emailKey, emailRule } from './email.ts';
import { hashedForm, newPasswordRule } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { RegisterPorts, Registration } from './register-customer.ts';

export interface Provision extends Registration {
  readonly roles: readonly string[];
}

/** How often others may change the same account under our hands. */
const ATTEMPTS = 5;

/**
 * Makes an account be as told, whether it exists or not; told again, it changes nothing. A password that the account has is not
 * hashed again; another one ends its sessions. Throws INVALID_ARGUMENT, TOO_MANY_LOGINS, or ABORTED when others keep changing it.
 */
export async function provisionAccount(
  { accounts, hasher, newId }: RegisterPorts,
  { email, password, displayName, roles }: Provision,
  signal?: AbortSignal,
): Promise<Account> {
  check({
    email: emailRule(email),
    password: newPasswordRule(password),
    display_name: displayNameRule(displayName),
    ...rolesRules(roles),
  });
  const secret = hashedForm(password);
  const wanted = {
    email: displayedEmail(email),
    displayName: displayedName(displayName),
    roles: ROLES.filter((role) => roles.includes(role)),
  };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const found = await accounts.findByEmail(emailKey(email));
    const account =
      found === undefined
        ? await accounts.create({
            id: newId(),
            emailKey: emailKey(email),
            ...wanted,
            passwordHash: await hasher.hash(secret, signal),
          })
        : await update({ accounts, hasher }, found, wanted, secret, signal);
    if (account !== undefined) return account;
  }
  throw new AppError('ABORTED', 'ABORTED', 'others change this account at the same time');
}

async function update(
  { accounts, hasher }: { accounts: Accounts; hasher: PasswordHasher },
  { account, passwordHash, passwordVersion }: Credentials,
  wanted: Pick<Account, 'email' | 'displayName' | 'roles'>,
  secret: string,
  signal?: AbortSignal,
): Promise<Account | undefined> {
  if (!(await hasher.verify(passwordHash, secret, signal))) {
    return accounts.change(account.id, passwordVersion, {
      ...wanted,
      passwordHash: await hasher.hash(secret, signal),
    });
  }
  const same =
    account.email === wanted.email &&
    account.displayName === wanted.displayName &&
    wanted.roles.length === account.roles.length &&
    wanted.roles.every((role) => account.roles.includes(role));
  return same ? account : accounts.change(account.id, passwordVersion, wanted);
}

function rolesRules(roles: readonly string[]): Record<string, string | undefined> {
  if (roles.length === 0) return { roles: 'is required' };
  const unknown = roles.findIndex((role) => !isRole(role));
  return { [`roles[${unknown}]`]: unknown === -1 ? undefined : `must be one of ${ROLES.join(', ')}` };
}
