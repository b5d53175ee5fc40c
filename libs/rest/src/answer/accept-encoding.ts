/** A content coding that answers can have. */
export type Coding = 'br' | 'gzip';

export interface CodingChoice {
  /** Undefined for the answer as it is. */
  readonly coding: Coding | undefined;
  /** Whether the client refuses the answer as it is. */
  readonly needed: boolean;
}

const AS_IT_IS: CodingChoice = { coding: undefined, needed: false };
const WEIGHT = /^q=([01](?:\.\d{0,3})?)$/i;

/**
 * What `Accept-Encoding` asks for: of `offered` that with the greatest weight, the first of equals; nothing where the header is absent, where it
 * prefers the answer as it is, or where nothing offered is acceptable (the standard then asks for the answer as it is rather than for an error).
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function chooseCoding(header: string | undefined, offered: readonly Coding[]): CodingChoice {
  if (header === undefined) return AS_IT_IS;
  const weights = weightsOf(header);
  const any = weights.get('*');
  const weightOf = (coding: string) => weights.get(coding) ?? any ?? 0;
  // The answer as it is stays acceptable unless it is excluded by name or by `*;q=0`.
  const asItIs = weights.get('identity') ?? (any === 0 ? 0 : undefined);
  let best: Coding | undefined;
  for (const coding of offered) {
    if (weightOf(coding) > (best === undefined ? 0 : weightOf(best))) best = coding;
  }
  if (best === undefined || (asItIs ?? 0) > weightOf(best)) return AS_IT_IS;
  return { coding: best, needed: asItIs === 0 };
}

function weightsOf(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of header.split(',')) {
    const [name = '', parameter] = part.split(';', 2).map((text) => text.trim().toLowerCase());
    const weight = parameter === undefined ? 1 : Number(WEIGHT.exec(parameter)?.[1] ?? Number.NaN);
    // What makes no sense says nothing.
    if (name !== '' && weight <= 1) weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  return weights;
}
