// Bare grpc-js: one unary call a call, one connection.
import { Buffer } from 'node:buffer';
import grpc from '@grpc/grpc-js';
import { ReserveStockRequest, ReserveStockResponse } from '@stampede/contracts';
import { createHeaderReader, createHeaderWriter } from '../../src/calls/headers.ts';

const OPTIONS = { 'grpc.enable_channelz': 0 };
const writer = (type) => (message) => Buffer.from(type.encode(message).finish());
const reserveStock = {
  path: '/stampede.inventory.v1.InventoryService/ReserveStock',
  requestStream: false,
  responseStream: false,
  requestSerialize: writer(ReserveStockRequest),
  requestDeserialize: (bytes) => ReserveStockRequest.decode(bytes),
  responseSerialize: writer(ReserveStockResponse),
  responseDeserialize: (bytes) => ReserveStockResponse.decode(bytes),
};

export const transport = {
  async serve(handler, secret) {
    const read = createHeaderReader(secret);
    const server = new grpc.Server(OPTIONS);
    server.addService(
      { reserveStock },
      {
        reserveStock(call, callback) {
          const context = { ...read(call.metadata.getMap()), deadline: Number(call.getDeadline()) };
          callback(null, handler(call.request, context));
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
    const { path, requestSerialize, responseDeserialize } = reserveStock;
    return (message, context) =>
      new Promise((resolve, reject) => {
        // gRPC has a header of its own for the deadline.
        const { 'x-deadline-ms': deadlineMs, ...headers } = write(context);
        const metadata = new grpc.Metadata();
        for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
        const options = { deadline: Date.now() + Number(deadlineMs) };
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          message,
          metadata,
          options,
          (error, reply) => (error ? reject(error) : resolve(reply)),
        );
      });
  },
};
