import type protobuf from 'protobufjs';

/** The file that defines HttpBody; `google/api` is often not there, as options need no definitions. */
export const HTTP_BODY_FILE = 'google/api/httpbody.proto';

/**
 * The definition for contracts without that file. `extensions` is left out: it has no place in HTTP, and protobuf skips fields that are unknown.
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/httpbody.proto
 */
const HttpBody = { fields: { content_type: { type: 'string', id: 1 }, data: { type: 'bytes', id: 2 } } };
export const httpBodyDefinition = { nested: { google: { nested: { api: { nested: { HttpBody } } } } } };

/** Bytes with their media type, as they stand in HTTP: a google.api.HttpBody. */
export interface HttpContent {
  /** Empty where nobody said. */
  readonly content_type: string;
  readonly data: Uint8Array;
}

export function isHttpBody(type: protobuf.ReflectionObject | null | undefined): boolean {
  return type?.fullName === '.google.api.HttpBody';
}
