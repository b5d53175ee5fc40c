import { writeSync } from 'node:fs';
import { AppError } from '@stampede/errors';

/**
 * For crash sweeps: with `STAMPEDE_CRASH_AT=<service>.<point>` the process says so and kills itself there (SIGKILL: nothing is cleaned up).
 * Undefined if the variable names no point of this service; one that it does not have is INVALID_ARGUMENT, and those that it has are named.
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
    throw new AppError(
      'INVALID_ARGUMENT',
      'BAD_ENVIRONMENT',
      `STAMPEDE_CRASH_AT: there is no point ${at}; there are ${points.join(', ')}`,
    );
  }
  return (point) => {
    if (point !== at) return undefined;
    writeSync(2, `killed at ${point}, as STAMPEDE_CRASH_AT asked\n`);
    process.kill(process.pid, 'SIGKILL');
    return Promise.withResolvers<undefined>().promise;
  };
}
