import { EventType, FilterType, type Event, type Int64, type WatchCreateRequest } from './wire.ts';
import { keyRange, type KeyRange } from './key-range.ts';
import type { Change } from './event-log.ts';
import type { KeySpace } from './key-space.ts';

/** What one watch of a stream wants, and how far it came. */
export interface Watcher {
  readonly id: Int64;
  readonly range: KeyRange;
  /** The first revision it wants; while it lags behind its stream, the next one to look at. */
  next: number;
  readonly prevKv: boolean;
  readonly fragment: boolean;
  readonly progressNotify: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  /** Nothing was sent since the last tick of the progress timer. */
  idle: boolean;
}

export function watcherOf(id: Int64, request: WatchCreateRequest, next: number): Watcher {
  return {
    id,
    range: watchedRange(request),
    next,
    prevKv: request.prevKv,
    fragment: request.fragment,
    progressNotify: request.progressNotify,
    noPut: request.filters.includes(FilterType.noPut),
    noDelete: request.filters.includes(FilterType.noDelete),
    idle: true,
  };
}

/** An empty key is the smallest one. */
function watchedRange({ key, rangeEnd }: WatchCreateRequest): KeyRange {
  return keyRange(key.length === 0 ? Buffer.of(0) : key, rangeEnd);
}

/** A range that ends where it begins, or before. */
export function isEmptyRange(range: KeyRange): boolean {
  return range.kind === 'span' && range.to !== undefined && range.from >= range.to;
}

export function wants({ range, noPut, noDelete }: Watcher, { kind, key }: Change): boolean {
  if (kind === 'put' ? noPut : noDelete) return false;
  if (range.kind === 'key') return key === range.key;
  return key >= range.from && (range.to === undefined || key < range.to);
}

/** The event as the watcher gets it. A key's first version has nothing before it. */
export function eventOf(watcher: Watcher, { kind, key, version }: Change, keys: KeySpace): Event {
  const event: Event =
    kind === 'put'
      ? { type: EventType.put, kv: version }
      : { type: EventType.delete, kv: { key: version.key, modRevision: version.modRevision } };
  if (!watcher.prevKv || (kind === 'put' && version.createRevision === version.modRevision)) return event;
  const prevKv = keys.before(key, version.modRevision);
  return prevKv === undefined ? event : { ...event, prevKv };
}

/** About what the event takes on the wire. */
export function bytesOf({ kv, prevKv }: Event): number {
  const size = (version?: Event['kv']) => (version?.key?.length ?? 0) + (version?.value?.length ?? 0) + 40;
  return size(kv) + size(prevKv);
}
