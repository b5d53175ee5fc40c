import { AppError } from '@stampede/errors';
import type { ServerLimits } from '@stampede/rpc';

/** What an operator may want otherwise, by machine and fleet; the defaults are @stampede/rpc's. */
const VARIABLES = {
  RPC_MAX_CONNECTIONS: 'maxConnections',
  RPC_MAX_CALLS: 'maxCalls',
  RPC_MAX_HELD_MB: 'maxHeldMb',
} as const;

/** The bounds of a gRPC server that the environment sets; an empty variable counts as unset. */
export function rpcLimitsOf(env: NodeJS.ProcessEnv): Partial<ServerLimits> {
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([variable, limit]) => {
      const value = env[variable];
      if (value === undefined || value === '') return [];
      if (!/^[1-9]\d{0,8}$/.test(value)) {
        throw new AppError(
          'INVALID_ARGUMENT',
          'BAD_RPC_LIMIT',
          `${variable} must be a whole number above 0, not ${value}`,
        );
      }
      return [[limit, Number(value)]];
    }),
  );
}
