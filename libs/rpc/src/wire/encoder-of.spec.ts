import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { EchoRequest } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import { encoderOf } from './encoder-of.ts';

const encode = encoderOf(EchoRequest);
const messages = fc.record({
  text: fc.string({ unit: 'grapheme', maxLength: 60 }),
  number: fc.oneof(fc.maxSafeInteger(), fc.constant(Number.NaN)),
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

test.prop([fc.array(messages, { maxLength: 20 }), fc.boolean()])(
  'each message is what it is alone, whatever was written or failed before it',
  (all, large) => {
    if (large) encode({ text: '', number: 0, payload: Buffer.alloc(100_000) });
    const encoded = all.map((message) => {
      if (!Number.isNaN(message.number)) return encode(message);
      expect(() => encode(message)).toThrow();
      return undefined;
    });
    all.forEach((message, index) => {
      if (encoded[index] !== undefined) expect(encoded[index]).toEqual(EchoRequest.encode(message).finish());
    });
  },
);

test('a type that writes otherwise is given no writer', () => {
  const given: unknown[] = [];
  const type = {
    encode(message: Uint8Array, ...rest: unknown[]) {
      given.push(...rest);
      return { finish: () => message };
    },
    decode: (bytes: Uint8Array) => bytes,
  };
  const other = encoderOf(type);
  for (const byte of [1, 2]) expect(other(Uint8Array.of(byte))).toEqual(Uint8Array.of(byte));
  expect(given).toEqual([]);
});
