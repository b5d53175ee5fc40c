import type { FieldViolation } from '@stampede/errors';
import { invalidRequest } from '../problem/http-error.ts';

/** Where in a request a value stands, from the inside out; undefined is the request itself. Cheap to extend, spelled out only for an error. */
export type Place = { readonly within: Place; readonly key: string | number; readonly quoted?: boolean } | undefined;

/** `items[0].quantity`, `labels["a b"]`. */
export function spell(place: Place): string {
  if (place === undefined) return '';
  const outer = spell(place.within);
  if (typeof place.key === 'number') return `${outer}[${place.key}]`;
  const key = place.key.length > MAX_NAME ? `${place.key.slice(0, MAX_NAME)}…` : place.key;
  if (place.quoted === true) return `${outer}[${JSON.stringify(key)}]`;
  return outer === '' ? key : `${outer}.${key}`;
}

export interface ReadOptions {
  /** `refuse` (the default of proto3 JSON) or `drop` fields and query parameters that the contract does not know. */
  readonly unknownFields: 'refuse' | 'drop';
  /** Refuse U+0000 in strings: valid in protobuf, but not in every database behind it. */
  readonly refuseNul: boolean;
  /** Refuse 64-bit integers beyond ±(2^53 - 1), which services that hold them as doubles cannot read. */
  readonly safeIntegers: boolean;
}

/**
 * One request being read. Readers report what breaks the contract and go on, so that one answer names every broken field.
 * A reader answers null for what it refused: no protobuf value is null.
 */
export interface Reading extends ReadOptions {
  refuse(place: Place, description: string): null;
  /** How often something was refused. */
  readonly refusals: number;
  /** Throws a 400 if anything was refused. */
  finish(): void;
}

/** Enough for a form; a client that sends more broken fields is not helped by more of them. */
const MAX_VIOLATIONS = 20;
const MAX_NAME = 100;

export function startReading(options: ReadOptions): Reading {
  return new RequestReading(options);
}

class RequestReading implements Reading {
  readonly unknownFields: ReadOptions['unknownFields'];
  readonly refuseNul: boolean;
  readonly safeIntegers: boolean;
  #violations: FieldViolation[] | undefined;

  constructor({ unknownFields, refuseNul, safeIntegers }: ReadOptions) {
    this.unknownFields = unknownFields;
    this.refuseNul = refuseNul;
    this.safeIntegers = safeIntegers;
  }

  get refusals(): number {
    return this.#violations?.length ?? 0;
  }

  refuse(place: Place, description: string): null {
    this.#violations ??= [];
    if (this.#violations.length < MAX_VIOLATIONS) this.#violations.push({ field: spell(place) || 'body', description });
    return null;
  }

  finish(): void {
    if (this.#violations !== undefined) throw invalidRequest(this.#violations);
  }
}
