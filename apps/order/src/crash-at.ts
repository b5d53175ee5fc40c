import { AppError } from '@stampede/errors';
import { CRASH_POINTS, type CrashHook } from './domain/crash-points.ts';

/**
 * For the crash sweep: with `STAMPEDE_CRASH_AT=order.charge.after` the process kills itself there (SIGKILL: nothing is cleaned up). Undefined
 * if the variable names no point of this service; one that it does not have is INVALID_ARGUMENT.
 */
export function crashAt(env: NodeJS.ProcessEnv): CrashHook | undefined {
  const at = env['STAMPEDE_CRASH_AT'];
  if (at?.startsWith('order.') !== true) return undefined;
  if (!CRASH_POINTS.some((point) => point === at)) {
    throw new AppError('INVALID_ARGUMENT', 'BAD_ENVIRONMENT', `STAMPEDE_CRASH_AT: there is no point ${at}`);
  }
  return (point) => {
    if (point !== at) return undefined;
    process.kill(process.pid, 'SIGKILL');
    return Promise.withResolvers<never>().promise;
  };
}
