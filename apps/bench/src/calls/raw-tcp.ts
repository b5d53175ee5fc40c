import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { ReserveStockRequest, ReserveStockResponse } from '@stampede/contracts';
import { decodeEnvelope, encodeEnvelope, type Envelope } from './envelope.ts';
import { createHeaderReader, createHeaderWriter } from './headers.ts';
import { createPendingCalls } from './pending-calls.ts';
import type { RpcTransport } from './transport.ts';

const LENGTH_BYTES = 4;

/** Envelopes with their length before them on a bare socket: as little as two processes can say to each other and still mean the same. */
export const transport: RpcTransport = {
  async serve(handler, secret) {
    const read = createHeaderReader(secret);
    const server = createServer({ noDelay: true }, (socket) => {
      const send = createSender(socket);
      socket.on('error', () => undefined);
      receive(socket, ({ id, headers, payload }) => {
        if (headers === undefined) return void socket.destroy();
        const response = handler(ReserveStockRequest.decode(payload), read(headers));
        send({ id, headers: undefined, payload: ReserveStockResponse.encode(response).finish() });
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  },

  async connect(address, service, secret) {
    const [host, port] = address.split(':');
    const socket = connect({ host: host ?? '', port: Number(port), noDelay: true });
    await once(socket, 'connect');
    const pending = createPendingCalls<Uint8Array>();
    const write = createHeaderWriter(service, secret);
    const send = createSender(socket);
    socket.on('error', () => undefined).on('close', () => pending.failAll(new Error('the connection was lost')));
    receive(socket, ({ id, payload }) => pending.settle(id, payload));
    return async (request, context) => {
      const { id, reply } = pending.open(context.deadlineMs);
      send({ id, headers: write(context), payload: ReserveStockRequest.encode(request).finish() });
      return ReserveStockResponse.decode(await reply);
    };
  },
};

/** What becomes ready in one turn of the event loop travels in one write. */
function createSender(socket: Socket): (envelope: Envelope) => void {
  let ready: Buffer[] = [];
  const flush = () => {
    const frames = ready;
    ready = [];
    if (!socket.destroyed) socket.write(Buffer.concat(frames));
  };
  return (envelope) => {
    const frame = encodeEnvelope(envelope, LENGTH_BYTES);
    frame.writeUInt32BE(frame.length - LENGTH_BYTES, 0);
    if (ready.push(frame) === 1) setImmediate(flush);
  };
}

function receive(socket: Socket, onEnvelope: (envelope: Envelope) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      onEnvelope(decodeEnvelope(bytes.subarray(at + LENGTH_BYTES, end)));
      at = end;
    }
    rest = bytes.subarray(at);
  });
}
