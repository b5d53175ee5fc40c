import { isRole, type Account } from '../domain/account.ts';

/** A row of `users`, as far as it says who somebody is. */
export interface AccountRow {
  readonly id: string;
  readonly email: string;
  readonly display_name: string;
  readonly roles: readonly string[];
  readonly create_time: Date;
}

export const ACCOUNT_COLUMNS = 'id, email, display_name, roles, create_time';

/** Roles that this version does not know give nobody any right here. */
export function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    displayName: row.display_name,
    roles: row.roles.filter(isRole),
    createTime: row.create_time,
  };
}
