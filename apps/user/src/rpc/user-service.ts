import type { Jwk, User, UserServiceDefinition } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import type { Handlers, ServerContext } from '@stampede/rpc';
import type { Account } from '../domain/account.ts';
import { findAccount } from '../domain/find-account.ts';
import { logIn, type LogInPorts } from '../domain/log-in.ts';
import { provisionAccount } from '../domain/provision-account.ts';
import { refreshSession, revokeSession } from '../domain/refresh-session.ts';
import { registerCustomer } from '../domain/register-customer.ts';
import type { PublicKey, SigningKeys } from '../domain/signing-keys.ts';

/** The one service that may provision accounts: the stack that sets the shop up. */
const PROVISIONER = 'stack';

export interface UserServicePorts extends LogInPorts {
  readonly keys: SigningKeys;
}

/** stampede.user.v1.UserService over the domain. */
export function userService(ports: UserServicePorts): Handlers<UserServiceDefinition> {
  return {
    createUser: async (request, { signal }) => ({ user: toUser(await registerCustomer(ports, request, signal)) }),

    getCurrentUser: async (_request, context) => ({ user: toUser(await findAccount(ports, userIdOf(context))) }),

    createSession: (request, { signal }) => logIn(ports, request, signal),

    refreshSession: ({ refreshToken }) => refreshSession(ports, refreshToken),

    async revokeSession({ refreshToken }) {
      await revokeSession(ports, refreshToken);
      return {};
    },

    async getJwks() {
      const { keys, at } = await ports.keys.published();
      return { keys: keys.map(toJwk), time: at };
    },

    async provisionUser(request, { caller, signal }) {
      if (caller !== PROVISIONER) {
        throw new AppError('PERMISSION_DENIED', 'PERMISSION_DENIED', `only ${PROVISIONER} may provision accounts`);
      }
      return { user: toUser(await provisionAccount(ports, request, signal)) };
    },
  };
}

function userIdOf({ user }: ServerContext): string {
  if (user === undefined) throw new AppError('UNAUTHENTICATED', 'UNAUTHENTICATED', 'log in first');
  return user.id;
}

function toUser({ id, email, displayName, roles, createTime }: Account): User {
  return { id, email, displayName, roles: [...roles], createTime };
}

function toJwk({ kty, crv, x, kid }: PublicKey): Jwk {
  return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
}
