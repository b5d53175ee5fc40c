import { invalid, type FieldViolation } from '@stampede/errors';

/** What is wrong with a field, in words that follow its name; `undefined` if nothing is. */
export type Verdict = string | undefined;

const SKU = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const CURRENCY = /^[A-Z]{3}$/;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** NUL above all, which Postgres cannot keep; line and paragraph separators; half a surrogate pair. */
const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Throws INVALID_ARGUMENT naming every field that something is wrong with. */
export function check(verdicts: Readonly<Record<string, Verdict>>): void {
  const violations: FieldViolation[] = [];
  for (const [field, description] of Object.entries(verdicts)) {
    if (description !== undefined) violations.push({ field, description });
  }
  const [first, ...rest] = violations;
  if (first !== undefined) throw invalid(first, ...rest);
}

/**
 * The same of each element of a list: `rules` answers by the field's path within one element, '' for the element itself. Whole paths are put together
 * only where something is wrong.
 */
export function checkEach<T>(
  list: string,
  elements: readonly T[],
  rules: (element: T) => Readonly<Record<string, Verdict>>,
): void {
  const found: Record<string, Verdict> = {};
  let index = 0;
  for (const element of elements) {
    const verdicts = rules(element);
    for (const path in verdicts) {
      if (verdicts[path] !== undefined) found[`${list}[${index}]${path === '' ? '' : '.'}${path}`] = verdicts[path];
    }
    index += 1;
  }
  check(found);
}

export function skuRule(sku: string): Verdict {
  if (sku === '') return 'is required';
  return SKU.test(sku)
    ? undefined
    : "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit";
}

export function uuidRule(id: string): Verdict {
  if (id === '') return 'is required';
  return UUID.test(id) ? undefined : 'must be a UUID';
}

export function titleRule(title: string): Verdict {
  if (title.trim() === '') return 'is required';
  if (title.length > 400 || codePoints(title) > 200) return 'must have at most 200 characters';
  return CONTROL.test(title) ? 'must not have control characters' : undefined;
}

export function integerRule(value: number, min: number, max: number): Verdict {
  return Number.isInteger(value) && value >= min && value <= max ? undefined : `must be from ${min} to ${max}`;
}

export function requestIdRule(id: string): Verdict {
  return id.length <= 255 && PRINTABLE_ASCII.test(id) ? undefined : 'must be at most 255 printable ASCII characters';
}

/** As people count, roughly: an emoji may be several. */
function codePoints(text: string): number {
  return text.replaceAll(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, '_').length;
}

/** The most that a price may be: a line of the greatest quantity still adds up exactly. */
export const MAX_PRICE_MINOR = 1_000_000_000;

export function currencyRule(currency: string): Verdict {
  return CURRENCY.test(currency) ? undefined : 'must be three capital letters (ISO 4217)';
}

export function priceAmountRule(amountMinor: number): Verdict {
  return integerRule(amountMinor, 0, MAX_PRICE_MINOR);
}

/** The verdicts on a price under its field's name. */
export function priceRules(
  field: string,
  price: { readonly currency: string; readonly amountMinor: number } | undefined,
): Record<string, Verdict> {
  if (price === undefined) return { [field]: 'is required' };
  return {
    [`${field}.currency`]: currencyRule(price.currency),
    [`${field}.amount_minor`]: priceAmountRule(price.amountMinor),
  };
}
