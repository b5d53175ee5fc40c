import { pino, type DestinationStream, type Level, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

export interface LoggerOptions {
  readonly service: string;
  /** The id of this process among its service's instances. */
  readonly instance: string;
  /** `info` if absent. */
  readonly level?: Level | 'silent';
  /** Where lines go; standard output if absent: JSON, or coloured text on a terminal. */
  readonly destination?: DestinationStream;
}

/** Keys whose value never reaches a log, at the top of a line or one or two levels below. */
const SECRETS = [
  'password',
  'passwordHash',
  'accessToken',
  'refreshToken',
  'paymentToken',
  'payment_token',
  'cardToken',
  'token',
  'secret',
  'serviceSecret',
  'privateKey',
  'authorization',
  'cookie',
];

/**
 * A JSON logger of one process. Secrets and card tokens are replaced by `[redacted]`, and URLs in `url` fields lose their password.
 *
 * @example const log = createLogger({ service: 'order', instance: 'order-1' }); log.info({ orderId }, 'paid');
 */
export function createLogger({ service, instance, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
      censor: '[redacted]',
    },
    serializers: { url: (url: unknown) => withoutPassword(String(url)) },
  };
  if (destination !== undefined) return pino(options, destination);
  return process.stdout.isTTY ? pino(options, pretty({ colorize: true, sync: true })) : pino(options);
}

/** A logger that says nothing, for tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

function withoutPassword(url: string): string {
  return url.replace(/(\/\/[^/:@]*):[^/@]*@/, '$1:[redacted]@');
}
