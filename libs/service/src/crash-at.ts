import { AppError } from '@stampede/errors';

/**
 * For crash sweeps: with `STAMPEDE_CRASH_AT=<service>.<point>` the process kills itself there (SIGKILL: nothing is cleaned up). Undefined if the
 * variable names no point of this service; one that it does not have is INVALID_ARGUMENT.
 *
 * @example const crash = crashAt(env, 'payment', CRASH_POINTS); await crash?.('payment.charge.before');
 */
export function crashAt<Point extends string>(
  env: NodeJS.ProcessEnv,
  service: string,
  points: readonly Point[],
): ((point: Point) => Promise<void> | undefined) | undefined {
  const at = env['STAMPEDE_CRASH_AT'];
  if (at?.startsWith(`${service}.`) !== true) return undefined;
  if (!points.some((point) => point === at)) {
    throw new AppError('INVALID_ARGUMENT', 'BAD_ENVIRONMENT', `STAMPEDE_CRASH_AT: there is no point ${at}`);
  }
  return (point) => {
    if (point !== at) return undefined;
    process.kill(process.pid, 'SIGKILL');
    return Promise.withResolvers<undefined>().promise;
  };
}
