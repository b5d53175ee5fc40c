import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;

interface Item {
  readonly id: number;
  place: number;
  readonly ballast: readonly number[];
}

const AT_ONCE = 64;
const TURNS = 6_000;

/**
 * Mebibytes of things that have left a container and outlive the collections of the young all the same; 12 with a Set or a Map, which is all of them.
 * The container is old, 64 things of 2 KiB are in it at any time, 6,000 come and go.
 */
export function heldByGarbage(add: (item: Item) => void, remove: (item: Item) => void): number {
  const inside: Item[] = [];
  let id = 0;
  const turn = () => {
    id += 1;
    const item = { id, place: -1, ballast: Array.from({ length: 250 }, () => id) };
    add(item);
    inside.push(item);
    const oldest = inside.length > AT_ONCE ? inside.shift() : undefined;
    if (oldest !== undefined) remove(oldest);
  };
  for (let turns = 0; turns < 1_000; turns += 1) turn();
  collect();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let turns = 0; turns < TURNS; turns += 1) {
    turn();
    if (turns % 500 === 0) collect({ type: 'minor' });
  }
  collect({ type: 'minor' });
  collect({ type: 'minor' });
  return (process.memoryUsage().heapUsed - before) / 2 ** 20;
}
