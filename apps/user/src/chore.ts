export interface ChoreOptions {
  /** What it does, for the log: `deleting expired sessions`. */
  readonly name: string;
  readonly work: () => Promise<void>;
  /** Milliseconds between one time and the next, more or less. */
  readonly everyMs: number;
  /** Runs something once after so many milliseconds; what it returns cancels that. */
  readonly schedule: (ms: number, run: () => void) => () => void;
  /** 0 to 1, so that instances do not all do it at once. */
  readonly random: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

/** Something to be done now and then for as long as the service runs, by every instance. What fails is made up for by the next time. */
export function createChore({ name, work, everyMs, schedule, random, log }: ChoreOptions) {
  let cancel: (() => void) | undefined;
  let underWay: Promise<void> | undefined;

  function plan(): void {
    cancel = schedule(everyMs * (0.5 + random()), () => {
      underWay = work()
        .catch((error: unknown) => log.warn({ err: error }, `${name} failed`))
        .finally(() => {
          if (cancel !== undefined) plan();
        });
    });
  }

  return {
    name,
    start(): Promise<void> {
      plan();
      return Promise.resolve();
    },
    /** Waits for what is under way. */
    async stop(): Promise<void> {
      cancel?.();
      cancel = undefined;
      await underWay;
    },
  };
}
