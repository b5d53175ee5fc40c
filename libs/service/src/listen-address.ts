import { AppError } from '@stampede/errors';

const DEFAULT_HOST = '127.0.0.1';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** The host that others are told: `ADVERTISE_HOST` (a pod's IP), or `host`. */
  readonly advertised: string;
}

/** Where to listen, from `HOST` (127.0.0.1) and `PORT` (`defaultPort`); an empty variable counts as unset. */
export function addressOf(env: NodeJS.ProcessEnv, defaultPort: number): ListenAddress {
  const { HOST, PORT: port, ADVERTISE_HOST: advertised } = env;
  const host = HOST === undefined || HOST === '' ? DEFAULT_HOST : HOST;
  if (port !== undefined && port !== '' && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)) {
    throw new AppError('INVALID_ARGUMENT', 'BAD_PORT', `PORT must be 0 to 65535, not ${port}`);
  }
  return {
    host,
    port: port === undefined || port === '' ? defaultPort : Number(port),
    advertised: advertised === undefined || advertised === '' ? host : advertised,
  };
}
