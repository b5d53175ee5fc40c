import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Asked } from './serve-tasks.ts';

/** A process of the bench's own, so that its CPU can be told from that of others. */
export interface Worker {
  readonly pid: number;
  /** Does a task of the worker's; rejects with its failure, when the worker ends, and when the bench is to end. */
  ask<Result>(name: string, input: unknown): Promise<Result>;
}

export interface WorkerOptions {
  /** The file that it runs, which calls `serveTasks`. */
  readonly entry: URL;
  readonly signal: AbortSignal;
  /** Ends the worker. */
  readonly scope: AsyncDisposableStack;
}

export function startWorker({ entry, signal, scope }: WorkerOptions): Worker {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(entry), [], {
    execArgv: [],
    serialization: 'advanced',
    // Standard output is the bench's alone.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;

  const fail = (error: unknown) => {
    for (const each of asked.values()) each.reject(error);
    asked.clear();
  };
  child.on('message', (answer: Answer) => {
    const waiting = asked.get(answer.id);
    asked.delete(answer.id);
    if ('failure' in answer) waiting?.reject(new Error(answer.failure));
    else waiting?.resolve(answer.result);
  });
  // How it ended is told by its exit; what could not be written to it is told by that as well.
  child.on('error', () => undefined);
  const exited = once(child, 'exit').then(() => fail(new Error(`the worker ${entry.pathname} ended`)), fail);
  const onAbort = () => fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  scope.defer(async () => {
    signal.removeEventListener('abort', onAbort);
    if (child.connected) child.disconnect();
    const slow = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(slow);
  });

  return {
    pid: child.pid ?? 0,
    ask<Result>(name: string, input: unknown): Promise<Result> {
      const waiting = Promise.withResolvers<unknown>();
      last += 1;
      asked.set(last, waiting);
      if (signal.aborted) onAbort();
      else if (child.connected) child.send({ id: last, name, input } satisfies Asked);
      else fail(new Error(`the worker ${entry.pathname} has ended`));
      return waiting.promise as Promise<Result>;
    },
  };
}
