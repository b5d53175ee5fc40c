import type { Queryable } from '@stampede/postgres';

/** What of the world is needed; the lifecycle's clock and a logger fit. */
export interface OutboxPartitionsOptions {
  readonly db: Queryable;
  readonly time: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void };
}

/** A week ahead: so long an outbox can go on when nobody makes partitions. */
const DAYS_AHEAD = 7;
const EVERY_MS = 3_600_000;

/** Makes the outbox's partitions ahead of time, now and every hour, until the returned function is called. */
export async function keepOutboxPartitions({ db, time, log }: OutboxPartitionsOptions): Promise<() => Promise<void>> {
  const leaving = new AbortController();
  const isLeaving = () => leaving.signal.aborted;

  async function make(): Promise<void> {
    const [row] = await db.query<{ made: number }>('SELECT outbox_make_partitions($1) AS made', [DAYS_AHEAD]);
    if (row !== undefined && row.made > 0) log.info({ partitions: row.made }, 'made outbox partitions');
  }

  async function keep(): Promise<void> {
    while (!isLeaving()) {
      await time.sleep(EVERY_MS, leaving.signal).catch(() => undefined);
      if (isLeaving()) return;
      await make().catch((error: unknown) => log.error({ err: error }, 'could not make outbox partitions'));
    }
  }

  await make();
  const ended = keep();
  return () => {
    leaving.abort();
    return ended;
  };
}
