// HTTP/JSON as its fast side recommends it: undici's Pool, fastify with JSON schemas for what comes in and what goes out.
// https://undici.nodejs.org, https://fastify.dev/docs/latest/Reference/Validation-and-Serialization/
import Fastify from 'fastify';
import { Pool } from 'undici';
import { createHeaderReader, createHeaderWriter } from '../../src/calls/headers.ts';

const line = {
  type: 'object',
  required: ['sku', 'quantity'],
  properties: {
    sku: { type: 'string' },
    quantity: { type: 'integer' },
    expectedUnitPrice: {
      type: 'object',
      properties: { currency: { type: 'string' }, amountMinor: { type: 'integer' } },
    },
  },
};
const lines = { type: 'array', items: line };
const request = { type: 'object', required: ['orderId', 'lines'], properties: { orderId: { type: 'string' }, lines } };
const reservation = {
  type: 'object',
  properties: {
    orderId: { type: 'string' },
    state: { type: 'integer' },
    reason: { type: 'string' },
    lines,
    createTime: { type: 'string', format: 'date-time' },
    updateTime: { type: 'string', format: 'date-time' },
  },
};
const schema = { body: request, response: { 200: { type: 'object', properties: { reservation } } } };

export const transport = {
  async serve(handler, secret) {
    const read = createHeaderReader(secret);
    const app = Fastify();
    app.post('/reserve', { schema }, async ({ body, headers }) => handler(body, read(headers)));
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return new URL(url).host;
  },

  async connect(address, service, secret) {
    const write = createHeaderWriter(service, secret);
    const pool = new Pool(`http://${address}`);
    return async (message, context) => {
      const { statusCode, body } = await pool.request({
        path: '/reserve',
        method: 'POST',
        headers: { 'content-type': 'application/json', ...write(context) },
        body: JSON.stringify(message),
        headersTimeout: context.deadlineMs,
        bodyTimeout: context.deadlineMs,
      });
      if (statusCode !== 200) throw new Error(`${statusCode} ${await body.text()}`);
      return body.json();
    };
  },
};
