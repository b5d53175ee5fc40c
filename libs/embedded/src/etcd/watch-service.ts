import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import type { EtcdNode } from './etcd-node.ts';
import type { OpenStreams } from './open-streams.ts';
import { WatchStream } from './watch-stream.ts';
import type { WatchRequest, WatchResponse } from './wire.ts';

export interface WatchServiceOptions {
  /** Milliseconds between two progress notifications of an idle watch that asked for them. */
  readonly progressNotifyMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export function watchService(node: EtcdNode, streams: OpenStreams, { progressNotifyMs, random }: WatchServiceOptions) {
  const { hub, clock } = node;

  const watch: handleBidiStreamingCall<WatchRequest, WatchResponse> = (call) => {
    let held = false;
    const stream = new WatchStream(
      { keys: node.keys, released: () => hub.released, header: (revision) => node.header(revision) },
      {
        write: (response) => call.write(response),
        hold(requests) {
          if (requests === held) return;
          held = requests;
          if (requests) call.pause();
          else call.resume();
        },
      },
    );
    // Up to a tenth later, so that the watches of many streams do not all speak at once.
    const tickAfter = () => clock.schedule(progressNotifyMs * (1 + random() / 10), tick);
    const tick = () => {
      stream.tick();
      stopTicking = tickAfter();
    };
    let stopTicking = tickAfter();
    hub.add(stream);
    streams.add(call, () => {
      stopTicking();
      hub.delete(stream);
    });
    // A client that has sent its last request still gets its events: only a cancelled call, or a lost connection, ends the stream.
    call.on('data', (request: WatchRequest) => stream.receive(request));
    call.on('drain', () => stream.writable());
  };

  return { watch };
}
