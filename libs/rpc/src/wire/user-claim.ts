/** Whom a call is made for. */
export interface User {
  readonly id: string;
  readonly roles: readonly string[];
}

const MAX_CLAIM = 4_096;

/** The header `stampede-user`: base64url of JSON `{id, roles}`. */
export function encodeUser({ id, roles }: User): string {
  return Buffer.from(JSON.stringify({ id, roles })).toString('base64url');
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
