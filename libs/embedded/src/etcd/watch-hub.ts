import type { Journal } from './journal.ts';
import type { KeySpace } from './key-space.ts';
import type { WatchStream } from './watch-stream.ts';

/** All watch streams, and the newest revision they may see: an event is told only when it cannot be lost any more. */
export class WatchHub {
  readonly #streams = new Set<WatchStream>();
  readonly #keys: KeySpace;
  readonly #journal: Journal;
  #released: number;
  #waking = false;

  constructor(keys: KeySpace, journal: Journal) {
    this.#keys = keys;
    this.#journal = journal;
    this.#released = keys.revision;
  }

  get released(): number {
    return this.#released;
  }

  add(stream: WatchStream): void {
    this.#streams.add(stream);
  }

  delete(stream: WatchStream): void {
    this.#streams.delete(stream);
  }

  /** There are new revisions: the streams hear of them when they are on the disk, those of one turn of the event loop together. */
  wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    queueMicrotask(() => {
      const revision = this.#keys.revision;
      const release = () => {
        this.#waking = false;
        this.#release(revision);
      };
      // A journal that failed answers nobody; it has said so.
      const settled = this.#journal.settled();
      if (settled === undefined) release();
      else settled.then(release, () => undefined);
    });
  }

  #release(revision: number): void {
    this.#released = revision;
    if (this.#keys.revision > revision) this.wake();
    for (const stream of this.#streams) stream.pump();
  }
}
