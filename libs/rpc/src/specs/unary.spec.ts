import { AppError } from '@stampede/errors';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { EchoRequest, EchoResponse } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import { outcomeOf, type CallOptions } from '../index.ts';
import { connect, failure, request, startEcho, TRANSPORTS, type Echo } from './setup.ts';

describe.each(TRANSPORTS)('unary over %s', (_name, transport) => {
  test('carries a message each way', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    const payload = Buffer.of(0, 1, 254, 255);
    const answer = await client.echo(request({ text: 'grüße', number: 42, payload }));
    expect(answer).toMatchObject({ text: 'grüße', number: 42 });
    expect(answer.payload).toEqual(payload);
  });

  test('carries an empty message and one of 3 MB', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    expect(await client.echo(request())).toMatchObject({ text: '', number: 0 });
    const payload = Buffer.alloc(3 * 1024 * 1024, 7);
    const answer = await client.echo(request({ payload }));
    expect(Buffer.compare(answer.payload, payload)).toBe(0);
  });

  test('an AppError arrives as it was thrown', async () => {
    const { instance } = await startEcho({
      add: () =>
        Promise.reject(
          new AppError('FAILED_PRECONDITION', 'OUT_OF_STOCK', 'tee ❤ sold out', {
            metadata: { sku: 'tee', left: '0' },
            violations: [{ field: 'lines[0].quantity', description: 'too many: 50 %' }],
          }),
        ),
    });
    const { client } = connect([instance], { transport });
    const error = await failure(client.add(request()));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'OUT_OF_STOCK',
      message: 'tee ❤ sold out',
      metadata: { sku: 'tee', left: '0' },
      violations: [{ field: 'lines[0].quantity', description: 'too many: 50 %' }],
    });
    expect(outcomeOf(error)).toBe('answered');
  });
});

test('the client has exactly the types of the definition', () => {
  type Stream = AsyncIterable<EchoResponse>;
  expectTypeOf<Echo['echo']>().toEqualTypeOf<(request: EchoRequest, options?: CallOptions) => Promise<EchoResponse>>();
  expectTypeOf<Echo['count']>().toEqualTypeOf<(request: EchoRequest, options?: CallOptions) => Stream>();
  expectTypeOf<Echo['sum']>().toEqualTypeOf<
    (requests: AsyncIterable<EchoRequest>, options?: CallOptions) => Promise<EchoResponse>
  >();
  expectTypeOf<Echo['chat']>().toEqualTypeOf<(requests: AsyncIterable<EchoRequest>, options?: CallOptions) => Stream>();
});
