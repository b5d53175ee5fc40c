/** Sixteen digits in a row: an integer that a double may not hold. Rare, so only such texts pay for the reviver. */
const LONG_DIGITS = /[0-9]{16}/;
const INTEGER = /^-?[0-9]+$/;

/**
 * JSON.parse, except that integers beyond 2^53, which proto3 JSON allows for int64, arrive as bigint instead of losing their last digits.
 * Throws SyntaxError, or RangeError for nesting deeper than the stack.
 */
export function parseJson(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(text, exact as (this: unknown, key: string, value: unknown) => unknown) as unknown;
}

/** @see https://tc39.es/proposal-json-parse-with-source/ */
function exact(this: unknown, _key: string, value: unknown, context: { source?: string }): unknown {
  const { source } = context;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined || !INTEGER.test(source))
    return value;
  return BigInt(source);
}
