import { check } from './check.ts';
import { badRefreshToken } from './reasons.ts';
import type { Sessions } from './sessions.ts';
import type { TokenIssuer, Tokens } from './token-issuer.ts';

export interface SessionPorts {
  readonly sessions: Sessions;
  readonly tokens: TokenIssuer;
}

/** Trades a refresh token for new tokens. Throws INVALID_ARGUMENT or BAD_REFRESH_TOKEN; a token used twice has ended its session. */
export async function refreshSession({ sessions, tokens }: SessionPorts, refreshToken: string): Promise<Tokens> {
  check({ refresh_token: refreshTokenRule(refreshToken) });
  const used = tokens.fingerprint(refreshToken);
  if (used === undefined) throw badRefreshToken();
  const next = tokens.refreshToken();
  const session = await sessions.rotate(used, next.hash, next.seconds);
  if (session === undefined) throw badRefreshToken();
  return { ...(await tokens.accessToken(session)), refreshToken: next.refreshToken };
}

/** Ends the session of a refresh token. Says nothing of whether there was one. Throws INVALID_ARGUMENT. */
export async function revokeSession({ sessions, tokens }: SessionPorts, refreshToken: string): Promise<void> {
  check({ refresh_token: refreshTokenRule(refreshToken) });
  const hash = tokens.fingerprint(refreshToken);
  if (hash !== undefined) await sessions.revoke(hash);
}

function refreshTokenRule(refreshToken: string): string | undefined {
  return refreshToken === '' ? 'is required' : undefined;
}
