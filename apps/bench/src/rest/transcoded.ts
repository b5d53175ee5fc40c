import Fastify, { LogController, type FastifyInstance } from 'fastify';
import { OrderServiceDefinition, protoRoot } from '@stampede/contracts';
import { invalid } from '@stampede/errors';
import { restPlugin, restServerOptions } from '@stampede/rest';
import { createBackend } from './backend.ts';
import { authenticate } from './door.ts';

const CREATE = `${OrderServiceDefinition.fullName}/${OrderServiceDefinition.methods.createOrder.name}`;

/** The orders' routes as @stampede/rest makes them of the contract, set up as the gateway does. */
export async function serveTranscoded(): Promise<FastifyInstance> {
  const app = Fastify({ ...restServerOptions, logController: new LogController({ disableRequestLogging: true }) });
  await app.register(restPlugin, {
    protoRoot,
    files: ['stampede/order/v1/order.proto', 'stampede/order/v1/reasons.proto'],
    channels: { [OrderServiceDefinition.fullName]: createBackend() },
    reasonStatusOption: 'stampede.errors.v1.http_status',
    safeIntegers: true,
    authenticate: ({ headers }) => authenticate(headers),
    hooks: {
      [CREATE]: {
        fieldsFromHeaders: ['idempotency_key', 'respond_async'],
        request(message, { headers }) {
          const key = headers['idempotency-key'];
          if (typeof key !== 'string') throw invalid({ field: 'Idempotency-Key', description: 'is missing' });
          message['idempotency_key'] = key;
          return undefined;
        },
        response: ({ order }) => ({ status: 201, headers: { location: `/v1/orders/${(order as { id: string }).id}` } }),
      },
    },
  });
  return app;
}
