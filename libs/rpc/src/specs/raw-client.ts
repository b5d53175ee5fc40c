import grpc from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { EchoRequest, EchoResponse } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import { asBuffer, fromGrpc } from '../wire/grpc-metadata.ts';
import { HEADERS } from '../wire/header-names.ts';
import { decodeError } from '../wire/status-details.ts';
import type { Metadata } from '../metadata.ts';

export interface RawAnswer {
  readonly code: grpc.status;
  readonly message: string;
  readonly reason: string;
  readonly trailers: Metadata;
  readonly headers: Metadata | undefined;
  readonly response: EchoResponse | undefined;
}

export interface RawOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadline?: number;
}

const SERVICE = '/stampede.test.v1.EchoService/';

/** A stranger: grpc-js as it comes, which sends whatever it is told to. */
export function rawClient(address: string, options: grpc.ClientOptions = {}) {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    ...options,
  });
  onTestFinished(() => client.close());

  async function bytes(
    method: string,
    message: Uint8Array,
    { headers = {}, deadline }: RawOptions = {},
  ): Promise<RawAnswer> {
    const metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return new Promise((resolve) => {
      let received: Metadata | undefined;
      let response: EchoResponse | undefined;
      const call = client.makeUnaryRequest(
        SERVICE + method,
        (value: Uint8Array) => asBuffer(value),
        (value: Buffer) => EchoResponse.decode(value),
        message,
        metadata,
        deadline === undefined ? {} : { deadline },
        (_error, value) => (response = value),
      );
      call.on('metadata', (value) => (received = fromGrpc(value)));
      call.on('status', (status) => {
        const trailers = fromGrpc(status.metadata);
        const { reason } = decodeError(status.code, status.details, trailers.get(HEADERS.details));
        const answer = { code: status.code, message: status.details, reason, trailers };
        resolve({ ...answer, headers: received, response });
      });
    });
  }

  return {
    client,
    bytes,
    unary: async (method: string, message: EchoRequest, rawOptions?: RawOptions) =>
      bytes(method, EchoRequest.encode(message).finish(), rawOptions),
  };
}
