import { AppError } from '@stampede/errors';
import { isFinal, type Order } from './order.ts';
import { orderTable } from './order-table.ts';
import type { Log, Orders, Time } from './ports.ts';

export interface OrderFeedOptions {
  readonly orders: Pick<Orders, 'newer'>;
  readonly time: Time;
  readonly log: Log;
  readonly settings: () => { readonly pollMs: number; readonly maxWatchers: number };
}

export interface Waiting {
  /** Milliseconds to wait at most, from when it is read. */
  readonly ms: number;
  /** Nobody waits any more once it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** News of orders: at once of what this instance commits, after a poll of what others do. */
export interface OrderFeed {
  /** Tells those who wait here of a committed state. */
  publish(order: Order): void;
  /** Waits until `enough` holds for the order, or until the waiting is over; answers the newest state known then. */
  until(order: Order, enough: (order: Order) => boolean, waiting: Waiting): Promise<Order>;
  /**
   * The order, then each newer state until it is final. States that pass quicker than they are read are left out, the last one never is.
   * Throws RESOURCE_EXHAUSTED beyond `maxWatchers`, and the signal's reason once it aborts: a server that drains aborts it.
   */
  watch(order: Order, signal?: AbortSignal): AsyncIterable<Order>;
  /** Ends the polling. */
  close(): void;
}

interface Listener {
  known: Order;
  hear(order: Order): void;
}

/** Those who wait for news of one order. */
interface Audience {
  readonly id: string;
  heardAt: number;
  listeners: readonly Listener[];
}

export function createOrderFeed({ orders, time, log, settings }: OrderFeedOptions): OrderFeed {
  const audiences = orderTable<Audience>();
  let watchers = 0;
  let cancelPoll: (() => void) | undefined;
  let closed = false;

  function listen(listener: Listener): () => void {
    const { id } = listener.known;
    let audience = audiences.get(id);
    if (audience === undefined) {
      audience = { id, heardAt: time.monotonic(), listeners: [listener] };
      audiences.set(audience);
      schedulePoll();
    } else {
      audience.listeners = [...audience.listeners, listener];
    }
    return () => {
      audience.listeners = audience.listeners.filter((each) => each !== listener);
      if (audience.listeners.length === 0) audiences.delete(audience);
    };
  }

  function publish(order: Order): void {
    const audience = audiences.get(order.id);
    if (audience === undefined) return;
    audience.heardAt = time.monotonic();
    for (const listener of audience.listeners) {
      if (order.version <= listener.known.version) continue;
      listener.known = order;
      listener.hear(order);
    }
  }

  function schedulePoll(): void {
    if (cancelPoll !== undefined || closed || audiences.size === 0) return;
    cancelPoll = time.schedule(settings().pollMs, () => {
      void poll().finally(() => {
        cancelPoll = undefined;
        schedulePoll();
      });
    });
  }

  /** One query for all. What was heard of a moment ago is being driven here and needs none: the usual order is never polled. */
  async function poll(): Promise<void> {
    const before = time.monotonic() - settings().pollMs;
    const known = audiences
      .entries()
      .filter(({ heardAt }) => heardAt <= before)
      .map(({ id, listeners }) => ({ id, version: Math.min(...listeners.map(({ known: { version } }) => version)) }));
    if (known.length === 0) return;
    try {
      for (const order of await orders.newer(known)) publish(order);
    } catch (error) {
      log.warn({ err: error }, 'could not look for news of orders');
    }
  }

  async function* watch(order: Order, signal?: AbortSignal): AsyncGenerator<Order> {
    if (watchers >= settings().maxWatchers) {
      throw new AppError(
        'RESOURCE_EXHAUSTED',
        'TOO_MANY_WATCHERS',
        'too many orders are being watched: try again later',
      );
    }
    watchers += 1;
    let news = Promise.withResolvers<unknown>();
    const wake = () => news.resolve(undefined);
    const listener: Listener = { known: order, hear: wake };
    const stopListening = listen(listener);
    signal?.addEventListener('abort', wake, { once: true });
    try {
      for (let told = 0; ;) {
        news = Promise.withResolvers();
        if (listener.known.version > told) {
          told = listener.known.version;
          yield listener.known;
          if (isFinal(listener.known) && listener.known.version === told) return;
        }
        signal?.throwIfAborted();
        if (listener.known.version === told) await news.promise;
      }
    } finally {
      watchers -= 1;
      stopListening();
      signal?.removeEventListener('abort', wake);
    }
  }

  return {
    publish,
    watch,
    until(order, enough, { ms, signal }) {
      if (enough(order) || ms <= 0 || signal?.aborted === true) return Promise.resolve(order);
      return new Promise((resolve) => {
        const listener: Listener = { known: order, hear: (news) => enough(news) && finish() };
        const stopListening = listen(listener);
        const cancel = time.schedule(ms, finish);
        signal?.addEventListener('abort', finish, { once: true });
        function finish(): void {
          stopListening();
          cancel();
          signal?.removeEventListener('abort', finish);
          resolve(listener.known);
        }
      });
    },
    close() {
      closed = true;
      cancelPoll?.();
    },
  };
}
