import { onTestFinished } from 'vitest';
import { request, type Echo } from './setup.ts';

/** For what takes a moment, and longer where the machine is busy. */
export const PATIENCE = { timeout: 25_000 };

/** `callers` that call one after the other until they are stopped; counts the calls made and keeps the errors. */
export function load(client: Echo, callers: number, method: 'add' | 'put' = 'add') {
  let going = true;
  onTestFinished(() => void (going = false));
  const result = { calls: 0, errors: [] as unknown[] };
  const running = Promise.all(
    Array.from({ length: callers }, async () => {
      while (going) {
        try {
          result.calls += 1;
          await client[method](request({ number: result.calls }));
        } catch (error) {
          result.errors.push(error);
        }
      }
    }),
  );
  return {
    result,
    stop: async () => {
      going = false;
      await running;
      return result;
    },
  };
}
