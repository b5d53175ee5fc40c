import type { Route } from '../route.ts';
import type { Tickets } from '../ticket/tickets.ts';
import { errorResponses, errorsOf } from './errors.ts';
import type { Describing } from './operation.ts';
import type { Schema } from './schema.ts';

export const TICKET_TAG = { name: 'Tickets', description: 'Streams for those who cannot send a header.' };

const TICKET = 'eyJpZCI6ImFubiJ9.q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';

export function ticketScheme({ parameter, path }: Tickets): Schema {
  return {
    type: 'apiKey',
    in: 'query',
    name: parameter,
    description: `What \`POST ${path}\` answers: opens one stream, for seconds.`,
  };
}

/** How a ticket is made: with what the streams themselves would need. */
export function ticketOperation(tickets: Tickets, routes: readonly Route[], describing: Describing): Schema {
  const { openapi, responses } = describing;
  const stream = routes.find(({ binding, method }) => {
    return method.responseStream && binding.verb === 'GET' && (openapi.security?.(method).length ?? 0) > 0;
  });
  const method = stream && { ...stream.method, responseStream: false, comment: undefined };
  const errors = stream && method && { method, binding: { ...stream.binding, body: '*' }, takesContent: false };
  return {
    operationId: 'Tickets_CreateTicket',
    tags: [TICKET_TAG.name],
    summary: 'Makes a ticket with which an EventSource, which sends no header, can open one stream.',
    ...(openapi.security === undefined || method === undefined
      ? {}
      : { security: openapi.security(method).map((name) => ({ [name]: [] })) }),
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['path'],
            properties: {
              path: { type: 'string', description: 'The path of the stream with its query, as in a URL.' },
            },
          },
          example: { path: '/v1/things/1:watch' },
        },
      },
    },
    responses: {
      201: {
        description: 'The ticket.',
        headers: { 'x-request-id': { $ref: '#/components/headers/RequestId' } },
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['ticket', 'url', 'expiresIn'],
              properties: {
                ticket: { type: 'string' },
                url: {
                  type: 'string',
                  description: 'The path with the ticket in it: what the EventSource is to open.',
                },
                expiresIn: { type: 'integer', description: 'Seconds within which the stream is to be opened.' },
              },
            },
            example: {
              ticket: TICKET,
              url: `/v1/things/1:watch?${tickets.parameter}=${TICKET}`,
              expiresIn: Math.floor(tickets.ttlMs / 1000),
            },
          },
        },
      },
      ...(errors === undefined ? {} : errorResponses(errorsOf(errors, describing), responses)),
      '4XX': { $ref: '#/components/responses/Problem' },
      '5XX': { $ref: '#/components/responses/Problem' },
    },
  };
}
