import { isUtf8 } from 'node:buffer';
import { parseJson } from '../json/parse-json.ts';
import { malformedBody, unsupportedEncoding, unsupportedMediaType } from '../problem/http-error.ts';

const JSON_TYPE = /^application\/(?:[\w!#$&^.+-]+\+)?json$/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;

export interface BodyHeaders {
  readonly 'content-type'?: string | undefined;
  readonly 'content-encoding'?: string | undefined;
}

/** The parsed JSON of a body, undefined for an empty one; throws 415 for another media type or an encoding and 400 for what is not JSON in UTF-8. */
export function readBody(headers: BodyHeaders, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw unsupportedEncoding(encoding);
  const type = headers['content-type'] ?? 'nothing';
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  if (!JSON_TYPE.test(type.split(';', 1)[0]?.trim() ?? '') || (charset !== 'utf-8' && charset !== 'utf8')) {
    throw unsupportedMediaType(type);
  }
  if (!isUtf8(body)) throw malformedBody('is not valid UTF-8');
  try {
    return parseJson(body.toString('utf8'));
  } catch (error) {
    throw malformedBody(error instanceof SyntaxError ? `is not JSON: ${brief(error.message)}` : 'is nested too deep');
  }
}

/** V8 quotes the text around the error; what a client sent (a password, say) is not echoed or logged. */
function brief(message: string): string {
  const position = /position \d+/.exec(message)?.[0];
  if (position !== undefined) return `unexpected text at ${position}`;
  return /end of JSON input/i.test(message) ? 'it ends too early' : 'unexpected text';
}
