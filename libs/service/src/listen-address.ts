import { networkInterfaces } from 'node:os';
import { AppError } from '@stampede/errors';

const DEFAULT_HOST = '127.0.0.1';
const EVERY_ADDRESS = '0.0.0.0';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /**
   * What others are told, given the port that was bound: `ADVERTISE_HOST` (a pod's IP) or `host` (this machine's first address where that is
   * every one of its addresses), and `ADVERTISE_PORT` (of whatever forwards
   * to this process) or that port.
   */
  readonly advertised: (boundPort: number) => string;
  /** Where the admin page listens, from `ADMIN_PORT`; 0, a free one, if unset. */
  readonly adminPort: number;
  /** What others are told of it, given the port that was bound. */
  readonly advertisedAdmin: (boundPort: number) => string;
}

/** Where to listen, from `HOST` (127.0.0.1), `PORT` (`defaultPort`) and `ADMIN_PORT` (0); an empty variable counts as unset. */
export function addressOf(env: NodeJS.ProcessEnv, defaultPort: number): ListenAddress {
  const host = env['HOST'] || DEFAULT_HOST;
  const advertisedHost = env['ADVERTISE_HOST'] || (host === EVERY_ADDRESS ? ownAddress() : host);
  const advertisedPort = portOf(env, 'ADVERTISE_PORT', 0);
  return {
    host,
    port: portOf(env, 'PORT', defaultPort),
    advertised: (boundPort) => `${advertisedHost}:${advertisedPort || boundPort}`,
    adminPort: portOf(env, 'ADMIN_PORT', 0),
    advertisedAdmin: (boundPort) => `${advertisedHost}:${boundPort}`,
  };
}

/** The first IPv4 address that others can reach; where there is none, one that this machine can. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? DEFAULT_HOST;
}

function portOf(env: NodeJS.ProcessEnv, name: string, absent: number): number {
  const port = env[name] ?? '';
  if (port === '') return absent;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new AppError('INVALID_ARGUMENT', 'BAD_PORT', `${name} must be 0 to 65535, not ${port}`);
  }
  return Number(port);
}
