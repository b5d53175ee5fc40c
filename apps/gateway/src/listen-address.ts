import { AppError } from '@stampede/errors';

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 8080;

/** Where to listen, from `HOST` and `PORT`; an empty variable counts as unset. */
export function addressOf(env: NodeJS.ProcessEnv): { readonly host: string; readonly port: number } {
  const { HOST: host, PORT: port } = env;
  if (port !== undefined && port !== '' && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)) {
    throw new AppError('INVALID_ARGUMENT', 'BAD_PORT', `PORT must be 0 to 65535, not ${port}`);
  }
  return {
    host: host === undefined || host === '' ? DEFAULT_HOST : host,
    port: port === undefined || port === '' ? DEFAULT_PORT : Number(port),
  };
}
