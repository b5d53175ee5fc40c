import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from './envelope.ts';

const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 600 });
const headers = fc.record({
  'x-request-id': ascii,
  traceparent: ascii,
  'stampede-service': ascii,
  'stampede-user': ascii,
  'x-deadline-ms': ascii,
});

test.prop([
  fc.record({
    id: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    headers: fc.option(headers, { nil: undefined }),
    payload: fc.uint8Array(),
  }),
  fc.nat(8),
])('what is written is read', (envelope, before) => {
  const { payload, ...rest } = decodeEnvelope(encodeEnvelope(envelope, before).subarray(before));
  expect({ ...rest, payload: new Uint8Array(payload) }).toEqual(envelope);
});
