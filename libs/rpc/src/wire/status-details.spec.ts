import { fc, test } from '@fast-check/vitest';
import { AppError, CODES, type Code } from '@stampede/errors';
import { expect } from 'vitest';
import { decodeError, encodeDetails, messageOf } from './status-details.ts';

const codes = fc.constantFrom(...(Object.keys(CODES).filter((code) => code !== 'OK') as Code[]));
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const key = fc.stringMatching(/^[a-z_]{1,20}$/);

test.prop([
  codes,
  fc.stringMatching(/^[A-Z_]{1,40}$/),
  text,
  fc.dictionary(key, text, { maxKeys: 5, noNullPrototype: true }),
  fc.array(fc.record({ field: text, description: text }), { maxLength: 5 }),
])('an AppError reads back as it was written', (code, reason, message, metadata, violations) => {
  const error = new AppError(code, reason, message, { metadata, violations });
  const read = decodeError(CODES[code], messageOf(error), encodeDetails(error));
  expect(read).toMatchObject({ code, reason, message, violations });
  expect({ ...read.metadata }).toEqual(metadata);
});

test.prop([
  fc.string({ unit: 'binary', maxLength: 5_000 }),
  fc.array(
    fc.record({ field: fc.string({ unit: 'binary' }), description: fc.string({ unit: 'binary', maxLength: 2_000 }) }),
  ),
])(
  'whatever an error says, its words and details fit into a header block and can be encoded',
  (message, violations) => {
    const error = new AppError('INVALID_ARGUMENT', 'BAD', message, { violations, metadata: { said: message } });
    expect(encodeURI(messageOf(error)).length).toBeLessThanOrEqual(9_000);
    expect(encodeDetails(error).length).toBeLessThanOrEqual(6_000);
    expect(decodeError(3, messageOf(error), encodeDetails(error)).reason).toBe('BAD');
  },
);

test.prop([fc.uint8Array({ maxLength: 200 })])('noise instead of details leaves what the status says', (noise) => {
  const error = decodeError(5, 'gone', noise);
  expect(error).toMatchObject({ code: 'NOT_FOUND', message: 'gone' });
});

test('is what google.rpc.Status is, byte for byte', () => {
  const error = new AppError('ABORTED', 'R', 'm', {
    metadata: { k: 'v' },
    violations: [{ field: 'f', description: 'd' }],
  });
  const info = Buffer.concat([
    Buffer.from([0x0a, 0x01, 0x52, 0x12, 0x08]),
    Buffer.from('stampede'),
    Buffer.from([0x1a, 0x06, 0x0a, 0x01, 0x6b, 0x12, 0x01, 0x76]),
  ]);
  const bad = Buffer.from([0x0a, 0x06, 0x0a, 0x01, 0x66, 0x12, 0x01, 0x64]);
  const any = (url: string, value: Buffer) =>
    Buffer.concat([
      Buffer.from([0x1a, 2 + url.length + 2 + value.length, 0x0a, url.length]),
      Buffer.from(url),
      Buffer.from([0x12, value.length]),
      value,
    ]);
  expect(Buffer.from(encodeDetails(error)).toString('hex')).toBe(
    Buffer.concat([
      Buffer.from([0x08, 10, 0x12, 0x01, 0x6d]),
      any('type.googleapis.com/google.rpc.ErrorInfo', info),
      any('type.googleapis.com/google.rpc.BadRequest', bad),
    ]).toString('hex'),
  );
});
