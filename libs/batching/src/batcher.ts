import { AppError } from '@stampede/errors';

export interface BatcherLimits {
  /** Items of one batch; 256 if absent. */
  readonly maxSize?: number;
  /** Items that may wait for the next batch; further ones are refused. 10,000 if absent. */
  readonly maxQueued?: number;
  /** Batches at work at once; 1 if absent. */
  readonly lanes?: number;
}

export interface BatcherOptions<Item, Result> {
  /**
   * Does a whole batch, in one transaction: one result an item, in their order. Where it rejects with an AppError, all items fail with it
   * (the database is away, or the outcome unknown); with anything else, nothing must have been done: the batch is halved until the item at
   * fault fails alone.
   */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Asked again and again, so that they may change. */
  readonly limits?: (() => BatcherLimits) | undefined;
  /** Items with the same key never meet in one batch: the later one waits for the next. Any may meet if absent. */
  readonly keyOf?: (item: Item) => string;
  /** Runs what it is given once those who come now have come; at the end of the event loop's turn (setImmediate) if absent. */
  readonly defer?: (run: () => void) => void;
  /** For what nobody waits for: who begins a batch waits for company, until the time is over or the batch is full. Nobody does if absent. */
  readonly linger?: Linger | undefined;
}

export interface Linger {
  /** Asked again and again; 0: no waiting. */
  readonly ms: () => number;
  /** Runs what it is given after so many milliseconds, unless it is called off; a Clock's `schedule` fits. */
  readonly schedule: (ms: number, run: () => void) => () => void;
}

const NO_LIMITS: BatcherLimits = {};

export interface Batcher<Item, Result> {
  /**
   * The result of one item. A signal that aborts before the item's batch has begun takes it out and rejects with its reason; afterwards the
   * item is done all the same.
   *
   * @throws AppError RESOURCE_EXHAUSTED/QUEUE_FULL, when as many wait as may.
   */
  add(item: Item, signal?: AbortSignal): Promise<Result>;
}

interface Member<Item, Result> {
  readonly item: Item;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: concurrent calls wait for no timer, they join the batch that goes next while one is at work. Alone, a call goes at the end of
 * its turn of the event loop; under load, batches grow by themselves.
 *
 * @example const batcher = createBatcher({ run: (orders) => insertOrders(database, orders) }); await batcher.add(order, context.signal);
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { keyOf, limits = () => NO_LIMITS, defer = setImmediate, linger } = options;
  let queue: Member<Item, Result>[] = [];
  let working = 0;
  let scheduled = false;
  let stopLingering: (() => void) | undefined;

  function schedule(): void {
    if (scheduled || queue.length === 0) return;
    const { lanes = 1, maxSize = 256 } = limits();
    if (working >= lanes) return;
    const lingerMs = linger === undefined || queue.length >= maxSize ? 0 : linger.ms();
    if (lingerMs === 0) begin();
    else stopLingering ??= linger?.schedule(lingerMs, begin);
  }

  function begin(): void {
    stopLingering?.();
    stopLingering = undefined;
    scheduled = true;
    defer(() => {
      scheduled = false;
      const batch = take();
      if (batch.length > 0) {
        working += 1;
        void work(batch).finally(() => {
          working -= 1;
          schedule();
        });
      }
      schedule();
    });
  }

  /** The oldest that somebody still waits for. */
  function take(): Member<Item, Result>[] {
    const { maxSize = 256 } = limits();
    const batch: Member<Item, Result>[] = [];
    const later: Member<Item, Result>[] = [];
    const keys = new Set<string>();
    let seen = 0;
    for (const member of queue) {
      if (batch.length >= maxSize) break;
      seen += 1;
      const key = keyOf?.(member.item);
      if (member.signal?.aborted === true) member.reject(member.signal.reason);
      else if (key !== undefined && keys.has(key)) later.push(member);
      else batch.push(member);
      if (key !== undefined) keys.add(key);
    }
    queue = [...later, ...queue.slice(seen)];
    return batch;
  }

  async function work(batch: readonly Member<Item, Result>[]): Promise<void> {
    try {
      const results = await options.run(batch.map(({ item }) => item));
      if (results.length !== batch.length) {
        throw new AppError('INTERNAL', 'INTERNAL', `${results.length} results for ${batch.length} items`);
      }
      for (let index = 0; index < batch.length; index += 1) batch[index]?.resolve(results[index] as Result);
    } catch (error) {
      if (batch.length > 1 && !(error instanceof AppError)) {
        const half = Math.ceil(batch.length / 2);
        await work(batch.slice(0, half));
        await work(batch.slice(half));
      } else {
        for (const member of batch) member.reject(error);
      }
    }
  }

  return {
    add(item, signal) {
      if (queue.length >= (limits().maxQueued ?? 10_000)) {
        return Promise.reject(new AppError('RESOURCE_EXHAUSTED', 'QUEUE_FULL', 'too many are waiting already'));
      }
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      queue.push({ item, signal, resolve, reject });
      schedule();
      return promise;
    },
  };
}
