import { Table } from '@stampede/collections';

/** What there is of some orders, one an order, found by the order's id. */
export function orderTable<Entry extends { readonly id: string }>(): Table<string, Entry> {
  return new Table(hashOf);
}

/** Of its last characters, where a UUIDv7 is random: we make these ids ourselves, so that nobody chooses where they go. */
function hashOf(id: string): number {
  let hash = 0;
  for (let index = Math.max(0, id.length - 10); index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
