import { invalid } from '@stampede/errors';
import { isUuid } from './identity.ts';

const VERSION = 'o1:';

/** A place in the list of orders, for clients to hand back and not to read. */
export function encodePageToken(before: string | undefined): string {
  return before === undefined ? '' : Buffer.from(VERSION + before).toString('base64url');
}

/** Throws INVALID_ARGUMENT for what `encodePageToken` never wrote; undefined where the list begins. */
export function decodePageToken(token: string): string | undefined {
  if (token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString();
  const id = text.slice(VERSION.length);
  if (!text.startsWith(VERSION) || !isUuid(id) || encodePageToken(id) !== token) {
    throw invalid({ field: 'page_token', description: 'must be next_page_token of an earlier answer' });
  }
  return id;
}
