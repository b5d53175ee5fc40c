import { Etcd3, type IOptions } from 'etcd3';
import { etcdError, isEtcdError } from './etcd-error.ts';
import { translateError } from './translate-error.ts';

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

const noEvent = () => ({ dispose: () => undefined });

/** etcd3 would try thrice, each time with a deadline of its own, and then refuse to call for five seconds: we try ourselves, and know when. */
const asItIs: Omit<Policy, '_altReturn'> = {
  onSuccess: noEvent,
  onFailure: noEvent,
  // Awaited, so that what `run` throws at once rejects as well.
  execute: async (run, signal) => await run({ signal: signal ?? new AbortController().signal }),
};

/**
 * Pings find a peer that is gone without a word, on streams too. etcd ends connections that ping more often than every 5 s
 * (`--grpc-keepalive-min-time`). Reconnecting may not wait for grpc-js's two minutes.
 */
const grpcOptions = {
  'grpc.keepalive_time_ms': 6_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
};

export interface CallOptions {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

export interface Members {
  /** The member that calls and streams go to just now. */
  current(): Etcd3;
  /** The current member has failed: the next one takes its place. */
  failed(member: Etcd3): void;
  /**
   * Makes a call with a deadline. If it is lost, and `repeat` says that a second time does no harm, the other members are asked in turn.
   */
  call<T>(repeat: 'repeat' | 'once', make: (member: Etcd3, options: CallOptions) => Promise<T>): Promise<T>;
  close(): void;
}

/** The members of one cluster: one in use, the others for when it fails. */
export function connectMembers(endpoints: readonly string[], callTimeoutMs: number): Members {
  if (endpoints.length === 0) throw etcdError('ETCD_REFUSED', 'no endpoints of etcd were given');
  const members = endpoints.map(
    (hosts) =>
      new Etcd3({ hosts, grpcOptions, faultHandling: { host: () => asItIs as Policy, global: asItIs as Policy } }),
  );
  let turn = 0;
  const closing = new AbortController();
  const current = () => members[turn % members.length] as Etcd3;
  const failed = (member: Etcd3) => {
    if (member === current()) turn = (turn + 1) % members.length;
  };

  return {
    current,
    failed,
    async call(repeat, make) {
      for (let left = members.length - 1; ; left -= 1) {
        closing.signal.throwIfAborted();
        const member = current();
        try {
          // The deadline is the machine's: grpc-js measures it by Date.now().
          return await make(member, { deadline: Date.now() + callTimeoutMs });
        } catch (thrown) {
          closing.signal.throwIfAborted();
          const error = translateError(thrown);
          const lost = isEtcdError(error, 'ETCD_UNAVAILABLE') || isEtcdError(error, 'ETCD_TIMEOUT');
          if (lost) failed(member);
          if (!lost || repeat === 'once' || left === 0) throw error;
        }
      }
    },
    close() {
      closing.abort(etcdError('ETCD_CLOSED', 'the client of etcd was closed'));
      for (const member of members) member.close();
    },
  };
}
