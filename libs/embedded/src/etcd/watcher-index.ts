import type { Change } from './event-log.ts';
import { wants, type Watcher } from './watcher.ts';

/** The watchers of a stream that want a change: those of single keys by a hash, those of ranges by looking at each. */
export class WatcherIndex {
  readonly #byKey = new Map<string, Set<Watcher>>();
  readonly #ofSpans = new Set<Watcher>();

  add(watcher: Watcher): void {
    if (watcher.range.kind === 'span') {
      this.#ofSpans.add(watcher);
      return;
    }
    const { key } = watcher.range;
    const watchers = this.#byKey.get(key);
    if (watchers === undefined) this.#byKey.set(key, new Set([watcher]));
    else watchers.add(watcher);
  }

  delete(watcher: Watcher): void {
    if (watcher.range.kind === 'span') {
      this.#ofSpans.delete(watcher);
      return;
    }
    const { key } = watcher.range;
    const watchers = this.#byKey.get(key);
    if (watchers?.delete(watcher) === true && watchers.size === 0) this.#byKey.delete(key);
  }

  *matching(change: Change): Generator<Watcher, void, undefined> {
    for (const watcher of this.#byKey.get(change.key) ?? []) if (wants(watcher, change)) yield watcher;
    for (const watcher of this.#ofSpans) if (wants(watcher, change)) yield watcher;
  }

  *[Symbol.iterator](): Generator<Watcher, void, undefined> {
    for (const watchers of this.#byKey.values()) yield* watchers;
    yield* this.#ofSpans;
  }
}
