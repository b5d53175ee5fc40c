import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { check } from './check.ts';
import { displayedName, displayNameRule } from './display-name.ts';
import { displayedEmail, emailKey, emailRule } from './email.ts';
import { hashedForm, newPasswordRule } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { emailTaken } from './reasons.ts';

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
}

export interface RegisterPorts {
  readonly accounts: Accounts;
  readonly hasher: PasswordHasher;
  readonly newId: () => string;
}

/** Opens a customer's account. Throws INVALID_ARGUMENT, EMAIL_TAKEN or TOO_MANY_LOGINS. */
export async function registerCustomer(
  { accounts, hasher, newId }: RegisterPorts,
  { email, password, displayName }: Registration,
  signal?: AbortSignal,
): Promise<Account> {
  check({
    email: emailRule(email),
    password: newPasswordRule(password),
    display_name: displayNameRule(displayName),
  });
  const account = await accounts.create({
    id: newId(),
    email: displayedEmail(email),
    emailKey: emailKey(email),
    displayName: displayedName(displayName),
    roles: ['customer'],
    passwordHash: await hasher.hash(hashedForm(password), signal),
  });
  if (account === undefined) throw emailTaken();
  return account;
}
