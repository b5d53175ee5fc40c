import { AppError } from '@stampede/errors';

const DEFAULT_HOST = '127.0.0.1';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /**
   * What others are told, given the port that was bound: `ADVERTISE_HOST` (a pod's IP) or `host`, and `ADVERTISE_PORT` (of whatever forwards
   * to this process) or that port.
   */
  readonly advertised: (boundPort: number) => string;
}

/** Where to listen, from `HOST` (127.0.0.1) and `PORT` (`defaultPort`); an empty variable counts as unset. */
export function addressOf(env: NodeJS.ProcessEnv, defaultPort: number): ListenAddress {
  const host = env['HOST'] || DEFAULT_HOST;
  const advertisedHost = env['ADVERTISE_HOST'] || host;
  const advertisedPort = portOf(env, 'ADVERTISE_PORT', 0);
  return {
    host,
    port: portOf(env, 'PORT', defaultPort),
    advertised: (boundPort) => `${advertisedHost}:${advertisedPort || boundPort}`,
  };
}

function portOf(env: NodeJS.ProcessEnv, name: string, absent: number): number {
  const port = env[name] ?? '';
  if (port === '') return absent;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new AppError('INVALID_ARGUMENT', 'BAD_PORT', `${name} must be 0 to 65535, not ${port}`);
  }
  return Number(port);
}
