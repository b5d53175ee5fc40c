/** The keys of our metadata on the wire; everything else is the application's. */
export const HEADERS = {
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  requestId: 'x-request-id',
  /** Proof of the calling service: `name.expiry.mac`. */
  service: 'stampede-service',
  /** The user that the call is made for: base64url of JSON `{id, roles}`. */
  user: 'stampede-user',
  /** Request: the instance that the caller means. Response: the instance that answered. */
  instance: 'stampede-instance',
  /** Trailer: `not-processed` where no handler saw the call, `unknown` where the server gave it up while its handler ran. */
  outcome: 'stampede-outcome',
  /** Trailer: google.rpc.Status. @see https://google.aip.dev/193 */
  details: 'grpc-status-details-bin',
} as const;

/** Values of `stampede-outcome`. What was not processed is safe to send elsewhere, whatever its method does. */
export const NOT_PROCESSED = 'not-processed';
export const UNKNOWN = 'unknown';
