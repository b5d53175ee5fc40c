import { isUtf8 } from 'node:buffer';
import type { HttpContent } from '../contracts/http-body.ts';
import { duplicateName } from '../json/duplicate-name.ts';
import { parseJson } from '../json/parse-json.ts';
import { invalidRequest, malformedBody, unsupportedEncoding, unsupportedMediaType } from '../problem/http-error.ts';

const JSON_TYPE = /^application\/(?:[\w!#$&^.+-]+\+)?json$/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;

export interface BodyHeaders {
  readonly 'content-type'?: string | undefined;
  readonly 'content-encoding'?: string | undefined;
}

/** A body as it came, with its media type. */
export function readContent(headers: BodyHeaders, data: Buffer): HttpContent {
  refuseEncoded(headers);
  return { content_type: headers['content-type'] ?? '', data };
}

/** The parsed JSON of a body, undefined for an empty one; throws 415 for another media type or an encoding and 400 for what is not JSON in UTF-8 or gives a name twice. */
export function readBody(headers: BodyHeaders, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  refuseEncoded(headers);
  // As most clients say it.
  if (headers['content-type'] !== 'application/json') refuseOtherThan(JSON_TYPE, headers);
  return parseBody(body);
}

/** Packed bodies are not taken: a kilobyte of gzip is a megabyte to unpack, for strangers too where a route is open to them. */
export function refuseEncoded(headers: BodyHeaders): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw unsupportedEncoding(encoding);
}

/** Throws 415, naming the type `wanted`, unless the body's media type is one of `types` and its charset UTF-8. */
export function refuseOtherThan(types: RegExp, headers: BodyHeaders, wanted?: string): void {
  const type = headers['content-type'] ?? 'nothing';
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  if (!types.test(type.split(';', 1)[0]?.trim() ?? '') || (charset !== 'utf-8' && charset !== 'utf8')) {
    throw unsupportedMediaType(type, wanted);
  }
}

/** The JSON of a request in UTF-8; throws 400 for what is none, and for an object that gives a name twice. */
export function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw malformedBody('is not valid UTF-8');
  const text = body.toString('utf8');
  let duplicate: string | undefined;
  try {
    const value = parseJson(text);
    duplicate = duplicateName(text, value);
    if (duplicate === undefined) return value;
  } catch (error) {
    throw malformedBody(error instanceof SyntaxError ? `is not JSON: ${brief(error.message)}` : 'is nested too deep');
  }
  // Which of them holds is for each reader to guess, and readers guess differently.
  throw invalidRequest([{ field: duplicate, description: 'is given twice' }]);
}

/** V8 quotes the text around the error; what a client sent (a password, say) is not echoed or logged. */
function brief(message: string): string {
  const position = /position \d+/.exec(message)?.[0];
  if (position !== undefined) return `unexpected text at ${position}`;
  return /end of JSON input/i.test(message) ? 'it ends too early' : 'unexpected text';
}
