/** Whom a call is made for. */
export interface User {
  readonly id: string;
  readonly roles: readonly string[];
}

const MAX_CLAIM = 4_096;

/** A user is passed on as often as calls are made for it. */
const claims = new WeakMap<User, string>();

/** The header `stampede-user`: base64url of JSON `{id, roles}`. */
export function encodeUser(user: User): string {
  let claim = claims.get(user);
  if (claim === undefined) {
    const { id, roles } = user;
    claim = Buffer.from(JSON.stringify({ id, roles })).toString('base64url');
    claims.set(user, claim);
  }
  return claim;
}

/** The user that a header claims; undefined where it is malformed. */
export function decodeUser(claim: string): User | undefined {
  if (claim.length > MAX_CLAIM) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(claim, 'base64url').toString());
    if (typeof value !== 'object' || value === null || !('id' in value) || !('roles' in value)) return undefined;
    const { id, roles } = value;
    if (typeof id !== 'string' || id === '' || !Array.isArray(roles)) return undefined;
    return roles.every((role) => typeof role === 'string') ? { id, roles } : undefined;
  } catch {
    return undefined;
  }
}
