// Bare grpc-js, one long bidirectional stream, one message a call and one a reply.
import grpc from '@grpc/grpc-js';
import { ReserveStockRequest, ReserveStockResponse } from '@stampede/contracts';
import { decodeEnvelope, encodeEnvelope } from '../../src/calls/envelope.ts';
import { createHeaderReader, createHeaderWriter } from '../../src/calls/headers.ts';
import { createPendingCalls } from '../../src/calls/pending-calls.ts';

const OPTIONS = { 'grpc.enable_channelz': 0 };
const calls = {
  path: '/bench.Stream/Calls',
  requestStream: true,
  responseStream: true,
  requestSerialize: encodeEnvelope,
  requestDeserialize: decodeEnvelope,
  responseSerialize: encodeEnvelope,
  responseDeserialize: decodeEnvelope,
};

export const transport = {
  async serve(handler, secret) {
    const read = createHeaderReader(secret);
    const server = new grpc.Server(OPTIONS);
    server.addService(
      { calls },
      {
        calls(stream) {
          stream.on('data', ({ id, headers, payload }) => {
            const response = handler(ReserveStockRequest.decode(payload), read(headers));
            stream.write({ id, headers: undefined, payload: ReserveStockResponse.encode(response).finish() });
          });
          stream.on('end', () => stream.end());
          stream.on('error', () => undefined);
        },
      },
    );
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(`127.0.0.1:${port}`),
      );
    });
  },

  async connect(address, service, secret) {
    const write = createHeaderWriter(service, secret);
    const client = new grpc.Client(address, grpc.credentials.createInsecure(), OPTIONS);
    const stream = client.makeBidiStreamRequest(calls.path, calls.requestSerialize, calls.responseDeserialize);
    const pending = createPendingCalls();
    stream.on('data', ({ id, payload }) => pending.settle(id, payload));
    stream.on('error', (error) => pending.failAll(error));
    return async (message, context) => {
      const { id, reply } = pending.open(context.deadlineMs);
      stream.write({ id, headers: write(context), payload: ReserveStockRequest.encode(message).finish() });
      return ReserveStockResponse.decode(await reply);
    };
  },
};
