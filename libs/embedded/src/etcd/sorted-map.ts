/** A chunk is split in two when it grows past this many entries: an insertion moves no more than that. */
const CHUNK = 512;

interface Chunk<V> {
  readonly keys: string[];
  readonly values: V[];
}

/**
 * A map whose keys are kept in order (by UTF-16 unit, which for binary strings is byte order). Point reads go through a hash; insertion,
 * deletion and the start of a scan take a binary search over chunks of up to 512 sorted keys.
 */
export class SortedMap<V> {
  readonly #byKey = new Map<string, V>();
  readonly #chunks: Chunk<V>[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): V | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, value: V): void {
    const known = this.#byKey.has(key);
    this.#byKey.set(key, value);
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], values: [value] });
      return;
    }
    const index = lowerBound(chunk.keys, key);
    if (known) {
      chunk.values[index] = value;
      return;
    }
    chunk.keys.splice(index, 0, key);
    chunk.values.splice(index, 0, value);
    if (chunk.keys.length > CHUNK) this.#split(at, chunk);
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return;
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const index = lowerBound(chunk.keys, key);
    chunk.keys.splice(index, 1);
    chunk.values.splice(index, 1);
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1);
  }

  /** The values of the keys in [from, to), in order; `to` undefined means all that follow. The map must not change meanwhile. */
  *between(from: string, to: string | undefined): Generator<V, void, undefined> {
    for (let at = this.#chunkOf(from); at < this.#chunks.length; at += 1) {
      const chunk = this.#chunks[at];
      if (chunk === undefined) return;
      const { keys, values } = chunk;
      for (let index = lowerBound(keys, from); index < keys.length; index += 1) {
        if (to !== undefined && (keys[index] ?? '') >= to) return;
        yield values[index] as V;
      }
    }
  }

  /** The last chunk whose first key is not above `key`, else the first chunk. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.keys[0] ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  #split(at: number, chunk: Chunk<V>): void {
    const half = chunk.keys.length >>> 1;
    this.#chunks.splice(at + 1, 0, { keys: chunk.keys.splice(half), values: chunk.values.splice(half) });
  }
}

/** The index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
