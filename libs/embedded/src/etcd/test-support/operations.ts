import fc from 'fast-check';

/**
 * Random operations on a few keys. Revisions are offsets from the revision at which a case began; leases are slots. So the same operation
 * means the same to every server, whatever happened on it before.
 */
export interface Range {
  readonly key: string;
  /** Undefined: the key alone. '\0': all that follow. */
  readonly end?: string | undefined;
}

export interface Find extends Range {
  readonly limit: number;
  readonly revision?: number | undefined;
  readonly sortTarget: number;
  readonly sortOrder: number;
  readonly minMod?: number | undefined;
  readonly maxMod?: number | undefined;
  readonly minCreate?: number | undefined;
  readonly maxCreate?: number | undefined;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
}

export interface Put {
  readonly key: string;
  readonly value: string;
  /** 0: none. 3 is never granted. */
  readonly lease: number;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface Delete extends Range {
  readonly prevKv: boolean;
}

export interface Comparison extends Range {
  readonly result: number;
  /** `zero`: compares with 0 rather than with a revision. */
  readonly with:
    | { readonly target: 'version'; readonly operand: number }
    | { readonly target: 'createRevision' | 'modRevision'; readonly operand: number | 'zero' }
    | { readonly target: 'value'; readonly operand: string }
    | { readonly target: 'lease'; readonly operand: number };
}

export type TxnOp =
  | { readonly op: 'find'; readonly find: Find }
  | { readonly op: 'put'; readonly put: Put }
  | { readonly op: 'delete'; readonly delete: Delete }
  | { readonly op: 'txn'; readonly txn: Txn };

export interface Txn {
  readonly compare: readonly Comparison[];
  readonly success: readonly TxnOp[];
  readonly failure: readonly TxnOp[];
}

export type Operation =
  | TxnOp
  | { readonly op: 'compact'; readonly revision: number }
  | { readonly op: 'grant'; readonly lease: number; readonly ttl: number }
  | { readonly op: 'revoke'; readonly lease: number }
  | { readonly op: 'keysOf'; readonly lease: number }
  | { readonly op: 'keepAlive'; readonly lease: number }
  | { readonly op: 'leases' };

/** What is watched beside everything: from the begin, and once more when all is done. */
export interface Lookout extends Range {
  /** 0: no puts; 1: no deletions. */
  readonly filters: readonly number[];
  readonly fragment: boolean;
}

export interface Case {
  readonly operations: readonly Operation[];
  readonly lookout: Lookout;
  /** Offset at which watches start when all is done. */
  readonly watchFrom: number;
}

export const TARGETS = ['version', 'createRevision', 'modRevision', 'value', 'lease'] as const;

const names = ['a', 'b', 'c', 'd', 'e'];
const key = fc.constantFrom(...names);
const value = fc.constantFrom('', 'x', 'y', 'z');
const offset = fc.integer({ min: 0, max: 14 });
const bound = fc.option(offset, { nil: undefined, freq: 4 });
const rarely = fc.nat({ max: 5 }).map((n) => n === 0);
const lease = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3);
const range = fc.record({
  key: fc.oneof({ weight: 12, arbitrary: key }, { weight: 1, arbitrary: fc.constant('') }),
  end: fc.option(fc.constantFrom(...names, 'f', '\0'), { nil: undefined, freq: 3 }),
});

const find: fc.Arbitrary<Find> = fc
  .record({
    range,
    limit: fc.constantFrom(0, 0, 1, 2, 5, -1),
    revision: bound,
    sortTarget: fc.integer({ min: 0, max: 4 }),
    sortOrder: fc.integer({ min: 0, max: 2 }),
    minMod: bound,
    maxMod: bound,
    minCreate: bound,
    maxCreate: bound,
    keysOnly: rarely,
    countOnly: rarely,
  })
  .map(({ range: { key, end }, ...rest }) => ({ key, end, ...rest }));

const put: fc.Arbitrary<Put> = fc.record({
  key: fc.oneof({ weight: 30, arbitrary: key }, { weight: 1, arbitrary: fc.constant('') }),
  value,
  lease,
  prevKv: fc.boolean(),
  ignoreValue: rarely,
  ignoreLease: rarely,
});

const deletion: fc.Arbitrary<Delete> = fc
  .record({ range, prevKv: fc.boolean() })
  .map(({ range: { key, end }, prevKv }) => ({ key, end, prevKv }));

const revisionOperand = fc.oneof(fc.constant('zero' as const), offset);
const comparison: fc.Arbitrary<Comparison> = fc
  .record({
    range,
    result: fc.integer({ min: 0, max: 3 }),
    with: fc.oneof(
      fc.record({ target: fc.constant('version' as const), operand: fc.nat({ max: 3 }) }),
      fc.record({ target: fc.constantFrom('createRevision', 'modRevision'), operand: revisionOperand }),
      fc.record({ target: fc.constant('value' as const), operand: value }),
      fc.record({ target: fc.constant('lease' as const), operand: fc.nat({ max: 3 }) }),
    ),
  })
  .map(({ range: { key, end }, ...rest }) => ({ key, end, ...rest }));

const { txn } = fc.letrec<{ txn: Txn; op: TxnOp }>((tie) => ({
  txn: fc.record({
    compare: fc.array(comparison, { maxLength: 2 }),
    success: fc.array(tie('op'), { maxLength: 4 }),
    failure: fc.array(tie('op'), { maxLength: 4 }),
  }),
  op: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ op: fc.constant('put' as const), put }),
    fc.record({ op: fc.constant('find' as const), find }),
    fc.record({ op: fc.constant('delete' as const), delete: deletion }),
    fc.record({ op: fc.constant('txn' as const), txn: tie('txn') }),
  ),
}));

const granted = fc.constantFrom(1, 2);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant('put' as const), put }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('find' as const), find }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('delete' as const), delete: deletion }) },
  { weight: 8, arbitrary: fc.record({ op: fc.constant('txn' as const), txn }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('compact' as const), revision: offset }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('grant' as const), lease: granted, ttl: fc.constantFrom(600, 700) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('revoke' as const), lease: granted }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('keysOf' as const), lease: granted }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('keepAlive' as const), lease: granted }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('leases' as const) }) },
);

const lookout: fc.Arbitrary<Lookout> = fc.record({
  key,
  end: fc.option(fc.constantFrom(...names, 'f', '\0'), { nil: undefined, freq: 3 }),
  filters: fc.constantFrom([], [0], [1]),
  fragment: fc.boolean(),
});

export const cases: fc.Arbitrary<Case> = fc.record({
  operations: fc.array(operation, { minLength: 1, maxLength: 25 }),
  lookout,
  watchFrom: fc.integer({ min: 1, max: 14 }),
});
