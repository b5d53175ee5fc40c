import type { Clock } from '@stampede/lifecycle';
import type { Etcd3, IWatchResponse } from 'etcd3';
import type { Watch, WatchEnd, WatchEvent, WatchHandlers } from './etcd.ts';
import { rangeOf, readEntry } from './wire.ts';
import { isEtcdError } from './etcd-error.ts';
import { translateError } from './translate-error.ts';

export interface OpenWatchOptions {
  readonly member: Etcd3;
  readonly prefix: string;
  readonly fromRevision: number;
  readonly handlers: WatchHandlers;
  readonly clock: Clock;
  /** Milliseconds until the server must have set the watch up. */
  readonly createTimeoutMs: number;
  /** The watch is over, whoever ended it. `lost`: because the member is away. */
  readonly onClosed: (lost: boolean) => void;
}

/**
 * One watch on a stream of its own, straight on etcd's RPC: etcd3's watch layer resumes by itself, at times from the wrong revision, and one
 * refused watcher stalls the others. This one ends, says why, and is done.
 */
export function openWatch(options: OpenWatchOptions): Watch {
  const { member, prefix, fromRevision, handlers, clock, createTimeoutMs, onClosed } = options;
  let cancelStream: () => void = () => undefined;
  let over = false;
  const cancelTimer = clock.schedule(createTimeoutMs, () =>
    finish({ reason: 'disconnected', message: `no watch within ${createTimeoutMs} ms` }),
  );

  function finish(end?: WatchEnd): void {
    if (over) return;
    over = true;
    cancelTimer();
    cancelStream();
    onClosed(end?.reason === 'disconnected');
    if (end !== undefined) handlers.onEnded(end);
  }

  function take(response: IWatchResponse): void {
    if (over) return;
    if (response.canceled) return finish(endOf(response));
    if (response.created) {
      cancelTimer();
      const { cluster_id: clusterId, revision } = response.header;
      handlers.onCreated?.({ clusterId, revision: Number(revision) });
    }
    const events = response.events.map(({ type, kv }): WatchEvent =>
      type === 'Put' || (type as string) === 'PUT'
        ? { type: 'put', entry: readEntry(kv) }
        : { type: 'delete', key: kv.key.toString(), revision: Number(kv.mod_revision) },
    );
    if (events.length > 0) handlers.onEvents(events);
  }

  member.watchClient.watch().then(
    (stream) => {
      stream.on('error', (error) => finish(lossOf(error)));
      stream.on('end', () => finish({ reason: 'disconnected', message: 'the server ended the stream' }));
      stream.on('data', take);
      cancelStream = () => {
        // Ended first: etcd3 takes an error on a stream that can still be written for a failed member, and closes all its connections.
        stream.end();
        stream.cancel();
      };
      if (over) return cancelStream();
      stream.write({ create_request: { ...rangeOf(prefix), start_revision: fromRevision } });
    },
    (error: unknown) => finish(lossOf(error)),
  );
  return { cancel: () => finish() };
}

function endOf({ compact_revision: compacted, cancel_reason: why }: IWatchResponse): WatchEnd {
  if (Number(compacted) > 0) return { reason: 'compacted', message: `everything before revision ${compacted} is gone` };
  return { reason: 'error', message: why === '' ? 'the server cancelled the watch' : why };
}

function lossOf(thrown: unknown): WatchEnd {
  const error = translateError(thrown);
  if (isEtcdError(error, 'ETCD_COMPACTED')) return { reason: 'compacted', message: error.message };
  return { reason: isEtcdError(error, 'ETCD_REFUSED') ? 'error' : 'disconnected', message: error.message };
}
