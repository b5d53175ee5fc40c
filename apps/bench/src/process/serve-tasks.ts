/** What a worker answers to a task. */
export type Answer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly failure: string };

export interface Asked {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/**
 * Makes this process a worker of the bench: it does what it is asked by name, and ends with whoever asks, however that one ended.
 *
 * @example serveTasks({ connect: async (address: string) => …, run: async ({ seconds }: { seconds: number }) => … });
 */
export function serveTasks(tasks: Readonly<Record<string, (input: never) => Promise<unknown>>>): void {
  // A terminal's Ctrl-C reaches everybody; the bench tells its workers when it is over by letting them go.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ id, name, input }: Asked) => {
    const task = tasks[name];
    const done = task === undefined ? Promise.reject(new TypeError(`no task ${name}`)) : task(input as never);
    done.then(
      (result) => send({ id, result }),
      (error: unknown) =>
        send({ id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}

function send(answer: Answer): void {
  // Whoever asked may be gone by now, or in the middle of the write.
  if (process.connected) process.send?.(answer, undefined, undefined, () => undefined);
}
