import { serverStopped } from './etcd-error.ts';

type StreamEvent = 'cancelled' | 'error' | 'close';

/** What of a grpc-js stream is needed to know when it is over, and to end it. */
export interface OpenStream {
  on(event: StreamEvent, listener: () => void): unknown;
  emit(event: 'error', error: Error): unknown;
}

/** The streams that are open, so that a server which stops need not wait for them. */
export class OpenStreams {
  readonly #streams = new Set<OpenStream>();

  /** Calls `closed` once, when the stream has ended in whatever way. */
  add(stream: OpenStream, closed: () => void = () => undefined): void {
    this.#streams.add(stream);
    const close = () => {
      if (this.#streams.delete(stream)) closed();
    };
    for (const event of ['cancelled', 'error', 'close'] as const) stream.on(event, close);
  }

  /** Ends all with an error that makes clients try again. */
  stop(): void {
    for (const stream of this.#streams) stream.emit('error', serverStopped());
  }
}
