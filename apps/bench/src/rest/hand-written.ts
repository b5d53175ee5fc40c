import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Order_Status, OrderServiceDefinition, type CreateOrderRequest, type Order } from '@stampede/contracts';
import { AppError, invalid, type Code } from '@stampede/errors';
import { createClient, type CallOptions } from '@stampede/rpc';
import { newTrace, parseTraceparent } from '@stampede/telemetry';
import { createBackend } from './backend.ts';
import { authenticate } from './door.ts';

const money = { type: 'object', properties: { currency: { type: 'string' }, amountMinor: { type: 'string' } } };
const ORDER = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    userId: { type: 'string' },
    status: { type: 'string' },
    reason: { type: 'string' },
    items: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          sku: { type: 'string' },
          title: { type: 'string' },
          quantity: { type: 'integer' },
          unitPrice: money,
        },
      },
    },
    total: money,
    version: { type: 'integer' },
    createTime: { type: 'string' },
    updateTime: { type: 'string' },
  },
};
const CREATE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          sku: { type: 'string' },
          quantity: { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
        },
      },
    },
    paymentToken: { type: 'string' },
  },
};

const STATUSES: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  ORDER_NOT_FOUND: 404,
  OUT_OF_STOCK: 409,
};
const STATUS_NAMES = new Map(Object.entries(Order_Status).map(([name, number]) => [number as number, name]));
const REQUEST_ID = /^[A-Za-z0-9._~+/=:-]{1,128}$/;
const DEADLINE_MS = 10_000;

type Body = { readonly items?: CreateOrderRequest['items']; readonly paymentToken?: string } | null;

/** The same routes as one would write them for Fastify: its schemas for what comes in and goes out, a generated client, a handler each. */
export function serveHandWritten(): Promise<FastifyInstance> {
  const app = Fastify({
    logController: new LogController({ disableRequestLogging: true }),
    // Told are all fields at fault, and nothing is bent to fit.
    ajv: { customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false } },
  });
  const orders = createClient(OrderServiceDefinition, createBackend());
  app.decorateRequest('userId', '');

  app.addHook('onRequest', (request, reply, next) => {
    const id = request.headers['x-request-id'];
    const requestId = typeof id === 'string' && REQUEST_ID.test(id) ? id : randomUUID();
    void reply.header('x-request-id', requestId);
    next();
  });

  /** What is said of a call: its deadline, its trace, whom it is for, and that it ends when its client leaves. */
  async function call<T>(
    request: FastifyRequest,
    reply: FastifyReply,
    make: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const user = authenticate(request.headers);
    const gone = new AbortController();
    const onClose = () => gone.abort();
    reply.raw.once('close', onClose);
    const { traceparent, tracestate } = request.headers as Record<string, string | undefined>;
    const response = await make({
      deadlineMs: DEADLINE_MS,
      requestId: reply.getHeader('x-request-id') as string,
      trace: parseTraceparent(traceparent, tracestate) ?? newTrace(),
      signal: gone.signal,
      user,
    });
    reply.raw.off('close', onClose);
    return response;
  }

  app.post<{ Body: Body }>(
    '/v1/orders',
    { schema: { body: CREATE, response: { 201: ORDER } } },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      if (typeof key !== 'string') throw invalid({ field: 'Idempotency-Key', description: 'is missing' });
      const { items = [], paymentToken = '' } = request.body ?? {};
      const message = {
        items: items.map(({ sku = '', quantity = 0 }: Partial<CreateOrderRequest['items'][number]>) => ({
          sku,
          quantity,
        })),
        paymentToken,
        idempotencyKey: key,
        respondAsync: false,
      };
      const { order } = await call(request, reply, (options) => orders.createOrder(message, options));
      if (order === undefined) throw new Error('an answer without its order');
      return reply.code(201).header('location', `/v1/orders/${order.id}`).send(jsonOf(order));
    },
  );

  app.get<{ Params: { id: string } }>(
    '/v1/orders/:id',
    { schema: { response: { 200: ORDER } } },
    async (request, reply) => {
      const { order } = await call(request, reply, (options) => orders.getOrder({ id: request.params.id }, options));
      if (order === undefined) throw new Error('an answer without its order');
      return reply.send(jsonOf(order));
    },
  );

  app.setErrorHandler(
    (error: Error & { validation?: { instancePath: string; message?: string }[] }, request, reply) => {
      const failure = error.validation === undefined ? AppError.from(error) : asInvalid(error.validation);
      const { code, reason, message, violations, metadata } = failure;
      const status = STATUSES[reason] ?? STATUSES[code satisfies Code] ?? 500;
      const requestId = reply.getHeader('x-request-id');
      const problem = {
        type: 'about:blank',
        title: STATUS_CODES[status],
        status,
        detail: message,
        instance: request.url,
        code,
        reason,
        requestId,
        ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
        violations,
      };
      if (status === 401) void reply.header('www-authenticate', 'Bearer');
      return reply
        .code(status)
        .header('content-type', 'application/problem+json')
        .send(Buffer.from(JSON.stringify(problem)));
    },
  );
  return Promise.resolve(app);
}

function asInvalid(errors: readonly { readonly instancePath: string; readonly message?: string }[]): AppError {
  const violations = errors.map(({ instancePath, message = '' }) => ({
    field:
      instancePath
        .slice(1)
        .replace(/\/(\d+)/g, '[$1]')
        .replaceAll('/', '.') || 'body',
    description: message,
  }));
  return new AppError('INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'the request breaks its contract', { violations });
}

function jsonOf(order: Order) {
  const { total } = order;
  return {
    ...order,
    status: STATUS_NAMES.get(order.status) ?? order.status,
    items: order.items.map((item) => ({ ...item, unitPrice: priceOf(item.unitPrice) })),
    total: priceOf(total),
    createTime: order.createTime?.toISOString(),
    updateTime: order.updateTime?.toISOString(),
  };
}

function priceOf(price: Order['total']) {
  return price === undefined ? undefined : { currency: price.currency, amountMinor: String(price.amountMinor) };
}
