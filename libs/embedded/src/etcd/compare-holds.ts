import { keyRange } from './key-range.ts';
import type { KeySpace } from './key-space.ts';
import { CompareResult, CompareTarget, type Compare, type KeyValue } from './wire.ts';

/**
 * Whether a compare of a transaction holds for every key it names. A key that is not there compares as all zeros, except that no comparison of
 * its value holds. An operand that is missing, or is not the target's, counts as zero or empty.
 */
export function compareHolds(keys: KeySpace, compare: Compare): boolean {
  const { kvs } = keys.find(keyRange(compare.key, compare.rangeEnd));
  if (kvs.length > 0) return kvs.every((kv) => resultHolds(compare, differenceOf(compare, kv)));
  return compare.target !== CompareTarget.value && resultHolds(compare, differenceOf(compare, undefined));
}

/** Below, at or above zero, as the key's side is below, at or above the operand. */
function differenceOf(compare: Compare, kv: KeyValue | undefined): number {
  const { targetUnion: given } = compare;
  switch (compare.target) {
    case CompareTarget.version:
      return (kv?.version ?? 0) - (given === 'version' ? Number(compare.version) : 0);
    case CompareTarget.create:
      return (kv?.createRevision ?? 0) - (given === 'createRevision' ? Number(compare.createRevision) : 0);
    case CompareTarget.mod:
      return (kv?.modRevision ?? 0) - (given === 'modRevision' ? Number(compare.modRevision) : 0);
    case CompareTarget.lease: {
      const [ours, theirs] = [BigInt(kv?.lease ?? 0), BigInt((given === 'lease' && compare.lease) || 0)];
      return ours < theirs ? -1 : Number(ours > theirs);
    }
    case CompareTarget.value:
      return (kv?.value ?? Buffer.alloc(0)).compare((given === 'value' && compare.value) || Buffer.alloc(0));
    default:
      return 0;
  }
}

function resultHolds({ result }: Compare, difference: number): boolean {
  switch (result) {
    case CompareResult.equal:
      return difference === 0;
    case CompareResult.notEqual:
      return difference !== 0;
    case CompareResult.greater:
      return difference > 0;
    case CompareResult.less:
      return difference < 0;
    default:
      return true;
  }
}
