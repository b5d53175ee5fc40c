import { createProver, createVerifier, decodeUser, encodeUser } from '@stampede/rpc';
import type { CallContext, ServedContext } from './transport.ts';

/** What a peer that has headers sends with each call: the same things that `@stampede/rpc` sends, under the same names. */
export interface CallHeaders {
  readonly 'x-request-id': string;
  readonly traceparent: string;
  readonly 'stampede-service': string;
  readonly 'stampede-user': string;
  /** Time that is left, so that clocks need not agree. */
  readonly 'x-deadline-ms': string;
}

export function createHeaderWriter(service: string, secret: string): (context: CallContext) => CallHeaders {
  const prove = createProver(service, secret, Date);
  return ({ requestId, traceparent, user, deadlineMs }) => ({
    'x-request-id': requestId,
    traceparent,
    'stampede-service': prove(),
    'stampede-user': encodeUser(user),
    'x-deadline-ms': String(deadlineMs),
  });
}

/** Reads and verifies what `createHeaderWriter` wrote. */
export function createHeaderReader(secret: string): (headers: CallHeaders) => ServedContext {
  const verify = createVerifier(secret, Date);
  return (headers) => ({
    requestId: headers['x-request-id'],
    traceparent: headers.traceparent,
    caller: verify(headers['stampede-service']),
    user: decodeUser(headers['stampede-user']) ?? { id: '', roles: [] },
    deadline: Date.now() + Number(headers['x-deadline-ms']),
  });
}
