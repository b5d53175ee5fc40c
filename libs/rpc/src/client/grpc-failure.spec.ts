import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { failureOf } from './grpc-failure.ts';
import { outcomeOf } from './outcome.ts';

const lost = (details: string) =>
  failureOf({ code: grpc.status.UNAVAILABLE, details, metadata: new grpc.Metadata() }, true);

// What the Node that is pinned says, `specs/retries.spec.ts` holds; these are the words of all that libraries are promised for.
test.each([
  ['Node 24', 'Stream refused by server'],
  ['Node 26', 'Write error: Stream closed with error code NGHTTP2_REFUSED_STREAM'],
])('on %s a stream that was refused is not processed', (_node, words) => {
  expect(lost(words)).toMatchObject({ code: 'UNAVAILABLE', reason: 'STREAM_REFUSED' });
  expect(outcomeOf(lost(words))).toBe('not-processed');
});

test('a stream that ended in any other way is unknown', () => {
  const error = lost('Write error: Stream closed with error code NGHTTP2_INTERNAL_ERROR');
  expect(error).toMatchObject({ reason: 'CONNECTION_LOST' });
  expect(outcomeOf(error)).toBe('unknown');
});
