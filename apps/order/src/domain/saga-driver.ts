import { AppError } from '@stampede/errors';
import { advance, type SagaPorts } from './advance.ts';
import type { OrderFeed } from './order-feed.ts';
import { orderTable } from './order-table.ts';
import type { Log, Saga, Sagas, Seen, Time } from './ports.ts';

export interface SagaDriverOptions extends SagaPorts {
  readonly sagas: Sagas;
  readonly feed: Pick<OrderFeed, 'publish'>;
  readonly time: Time;
  /** 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly settings: () => DriverSettings;
}

export interface DriverSettings {
  /** Sagas that one instance drives at once; new orders beyond are refused. */
  readonly maxActive: number;
  /** Seconds of database time that an instance may be silent before others take its sagas over. */
  readonly leaseSeconds: number;
  /** The longest pause between two attempts. */
  readonly maxBackoffMs: number;
}

/** Drives sagas until nothing is left to do for their orders, by calling `advance` over and over, detached from whoever began them. */
export interface SagaDriver {
  /** Sagas being driven here. */
  readonly active: number;
  /** @throws AppError RESOURCE_EXHAUSTED where there is no room for one more, UNAVAILABLE once the driver was stopped. */
  admit(): void;
  /** Drives on from `saga`, and returns at once. A drive of the same order that knows an older state ends after the step it is in. */
  drive(saga: Saga): void;
  /** Keeps the leases of those that take long. To be called a few times a lease. */
  renew(): Promise<void>;
  /** Lets what is under way come to a rest for up to `timeoutMs`, waits for no pause, and gives the rest to other instances. */
  stop(timeoutMs: number): Promise<void>;
}

interface Drive {
  readonly id: string;
  /** On the monotonic clock. */
  renewedAt: number;
  superseded: boolean;
}

const FIRST_BACKOFF_MS = 20;

export function createSagaDriver(options: SagaDriverOptions): SagaDriver {
  const { sagas, feed, time, random, log, settings } = options;
  /** The latest drive of each order. */
  const latest = orderTable<Drive>();
  /** Drives that have not ended, superseded ones among them. */
  let active = 0;
  /** Told when there is none. */
  let onRest: (() => void) | undefined;
  /** Aborts first: no new attempts. */
  const leaving = new AbortController();
  /** Aborts last: what is under way is let go. */
  const gone = new AbortController();

  /** Never rejects. */
  async function run(drive: Drive, saga: Saga): Promise<void> {
    active += 1;
    try {
      await goOn(drive, saga);
    } catch (error) {
      log.error({ err: error, orderId: drive.id }, 'a saga ended unexpectedly');
    } finally {
      latest.delete(drive);
      active -= 1;
      if (active === 0) onRest?.();
    }
  }

  async function goOn(drive: Drive, first: Saga): Promise<void> {
    let saga = first;
    let failures = 0;
    while (!drive.superseded && !gone.signal.aborted) {
      const { version } = saga.order;
      const next = await attempt(saga);
      if (next === 'done') return;
      if (typeof next !== 'string') {
        feed.publish(next.order);
        saga = next;
        failures = 0;
        continue;
      }
      if (next === 'unknown') await pause(failures++);
      const seen = await look(drive);
      if (seen === undefined) return;
      if (seen.order.version > version) {
        feed.publish(seen.order);
        failures = 0;
      } else if (next === 'stale') {
        await pause(failures++);
      }
      if (seen.taken || seen.saga === undefined) return;
      saga = seen.saga;
    }
  }

  async function attempt(saga: Saga): Promise<Saga | 'done' | 'stale' | 'unknown'> {
    try {
      const step = await advance(saga, options, gone.signal);
      return step.kind === 'moved' ? step.saga : step.kind;
    } catch (error) {
      const { id: orderId, status } = saga.order;
      log.warn({ err: error, orderId, status }, 'the outcome of a step is not known: it is asked for again');
      return 'unknown';
    }
  }

  /** Reads the order again, and again while the database is away; undefined when it is time to leave. */
  async function look({ id }: Drive): Promise<Seen | undefined> {
    for (let failures = 0; !leaving.signal.aborted; failures += 1) {
      try {
        return await sagas.look(id);
      } catch (error) {
        log.warn({ err: error, orderId: id }, 'could not read an order again');
        await pause(failures);
      }
    }
    return undefined;
  }

  /** Exponential, and random as a whole, so that those who failed together do not come back together. */
  async function pause(failures: number): Promise<void> {
    const ceiling = Math.min(settings().maxBackoffMs, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 20));
    await time.sleep(ceiling * (0.5 + random() / 2), leaving.signal).catch(() => undefined);
  }

  return {
    get active() {
      return active;
    },
    admit() {
      if (leaving.signal.aborted) {
        throw new AppError('UNAVAILABLE', 'INSTANCE_LEAVING', 'this instance is leaving');
      }
      if (active >= settings().maxActive) {
        throw new AppError(
          'RESOURCE_EXHAUSTED',
          'TOO_MANY_ORDERS',
          'too many orders are being placed: try again later',
        );
      }
    },
    drive(saga) {
      const { id } = saga.order;
      const drive: Drive = { id, renewedAt: time.monotonic(), superseded: false };
      const before = latest.get(id);
      if (before !== undefined) before.superseded = true;
      latest.set(drive);
      void run(drive, saga);
    },
    async renew() {
      const now = time.monotonic();
      const due = latest.entries().filter(({ renewedAt }) => now - renewedAt > (settings().leaseSeconds * 1_000) / 3);
      if (due.length === 0) return;
      await sagas.renew(due.map(({ id }) => id));
      for (const drive of due) drive.renewedAt = now;
    },
    async stop(timeoutMs) {
      leaving.abort();
      const mine = latest.entries().map(({ id }) => id);
      const rest = new Promise<void>((resolve) => (onRest = resolve));
      if (active > 0) await Promise.race([rest, time.sleep(timeoutMs)]);
      gone.abort();
      if (mine.length > 0) await sagas.handOver(mine);
    },
  };
}
