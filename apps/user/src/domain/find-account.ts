import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { userNotFound } from './reasons.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The account of a user id. Throws USER_NOT_FOUND. */
export async function findAccount({ accounts }: { readonly accounts: Accounts }, id: string): Promise<Account> {
  const account = UUID.test(id) ? await accounts.findById(id) : undefined;
  if (account === undefined) throw userNotFound();
  return account;
}
