import type { Database } from '@stampede/postgres';
import { deleteExpiredSessions } from './delete-expired-sessions.ts';

export interface SessionSweeperOptions {
  readonly database: Database;
  /** Runs something once after so many milliseconds; what it returns cancels that. */
  readonly schedule: (ms: number, run: () => void) => () => void;
  /** 0 to 1, so that instances do not all sweep at once. */
  readonly random: () => number;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** Milliseconds between sweeps, more or less; an hour if absent. */
  readonly everyMs?: number;
}

/** Keeps the tables of sessions from growing for ever. A sweep that fails is made up for by the next. */
export function createSessionSweeper({ database, schedule, random, log, everyMs = 3_600_000 }: SessionSweeperOptions) {
  let cancel: (() => void) | undefined;
  let sweeping: Promise<void> | undefined;

  async function sweep(): Promise<void> {
    try {
      const sessions = await deleteExpiredSessions(database);
      if (sessions > 0) log.info({ sessions }, 'deleted expired sessions');
    } catch (error) {
      log.warn({ err: error }, 'expired sessions were not deleted');
    }
  }

  function plan(): void {
    cancel = schedule(everyMs * (0.5 + random()), () => {
      sweeping = sweep().finally(() => {
        if (cancel !== undefined) plan();
      });
    });
  }

  return {
    name: 'session sweeper',
    start(): Promise<void> {
      plan();
      return Promise.resolve();
    },
    /** Waits for a sweep under way. */
    async stop(): Promise<void> {
      cancel?.();
      cancel = undefined;
      await sweeping;
    },
  };
}
