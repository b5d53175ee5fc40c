import { fc } from '@fast-check/vitest';

type Mutate = (bytes: Uint8Array) => Uint8Array;

const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const concat = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const place = (bytes: Uint8Array, where: number) => Math.floor(where * bytes.length);

const flip = fc.tuple(at, fc.integer({ min: 0, max: 7 })).map(([where, bit]): Mutate => (bytes) => {
  const copy = Uint8Array.from(bytes);
  const index = place(copy, where);
  if (copy.length > 0) copy[index] = (copy[index] ?? 0) ^ (1 << bit);
  return copy;
});
const truncate = at.map(
  (where): Mutate =>
    (bytes) =>
      bytes.slice(0, place(bytes, where)),
);
const insert = fc.tuple(at, fc.uint8Array({ maxLength: 24 })).map(([where, more]): Mutate => (bytes) => {
  const index = place(bytes, where);
  return concat(bytes.slice(0, index), more, bytes.slice(index));
});
/** Fields twice, and parts of them. */
const repeat = fc.tuple(at, at, fc.integer({ min: 1, max: 40 })).map(([from, to, times]): Mutate => (bytes) => {
  const [start = 0, end = 0] = [place(bytes, from), place(bytes, to)].sort((a, b) => a - b);
  return concat(bytes, ...Array.from({ length: times }, () => bytes.slice(start, end)));
});
const whole: fc.Arbitrary<Mutate> = fc.constant((bytes) => concat(bytes, bytes));

const varint = (value: bigint): Uint8Array => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
};
/** A field of any number, known or not, whose value is as its wire type says, or is not. */
const field = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 2 ** 29 - 1 })),
    fc.integer({ min: 0, max: 7 }),
    fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(varint),
      fc.uint8Array({ maxLength: 40 }).map((value) => concat(varint(BigInt(value.length)), value)),
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => {
        const value = Buffer.from(text);
        return concat(varint(BigInt(value.length)), value);
      }),
      fc.constant(Uint8Array.of(...Array<number>(12).fill(0xff))),
    ),
  )
  .map(
    ([number, type, value]): Mutate =>
      (bytes) =>
        concat(bytes, varint((BigInt(number) << 3n) | BigInt(type)), value),
  );
/** Messages or groups within each other. */
const nest = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 2_000 }), fc.boolean())
  .map(([number, depth, group]): Mutate => (bytes) => {
    if (group) return concat(bytes, new Uint8Array(depth).fill((number << 3) | 3));
    let inner: Uint8Array = Uint8Array.of();
    for (let n = 0; n < Math.min(depth, 300); n += 1) {
      inner = concat(Uint8Array.of((number << 3) | 2), varint(BigInt(inner.length)), inner);
    }
    return concat(bytes, inner);
  });
const noise = fc.uint8Array({ maxLength: 200 }).map(
  (bytes): Mutate =>
    () =>
      bytes,
);

/** What becomes of the bytes of a good message on their way from a hostile peer. */
export const mutation: fc.Arbitrary<Mutate> = fc
  .array(fc.oneof(flip, truncate, insert, repeat, whole, field, nest, noise), { minLength: 1, maxLength: 4 })
  .map((all) => (bytes) => all.reduce((result, mutate) => mutate(result), bytes));
