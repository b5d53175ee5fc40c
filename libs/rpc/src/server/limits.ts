/** What a server allows its peers; every bound has a default, since none of grpc-js's servers has. */
export interface ServerLimits {
  /** Bytes of one request message, unpacked; 4 MiB. Larger ones are RESOURCE_EXHAUSTED. */
  readonly maxReceiveBytes: number;
  /** Calls at once on one connection; 2,000. Clients of this library stay below by themselves. */
  readonly maxConcurrentStreams: number;
  /** Mebibytes that one connection may buffer; 128. */
  readonly maxSessionMemoryMb: number;
  /** Deadline of a unary or client-streaming call that came without one, in ms; 30,000. */
  readonly defaultDeadlineMs: number;
  /**
   * The longest a stream may stay open, in ms; 10 minutes. It is then ended with UNAVAILABLE, reason STREAM_DRAINED: open it again.
   * A connection that has reached its age waits for its streams or kills them, and they do not notice: so they have an end of their own.
   */
  readonly maxStreamMs: number;
  /** Age at which a connection is asked to close, in ms; 30 minutes ± 10 %. Spreads callers over new instances. */
  readonly connectionAgeMs: number;
  /** How long calls on an aged connection may go on, in ms; a minute more than a stream may last. */
  readonly connectionAgeGraceMs: number;
  /** A silent connection is pinged after so many ms; 60,000, and closed 20,000 after a ping without answer. */
  readonly keepaliveMs: number;
}

export function withDefaults(limits: Partial<ServerLimits> = {}): ServerLimits {
  const maxStreamMs = limits.maxStreamMs ?? 600_000;
  return {
    maxReceiveBytes: 4 * 1024 * 1024,
    maxConcurrentStreams: 2_000,
    maxSessionMemoryMb: 128,
    defaultDeadlineMs: 30_000,
    connectionAgeMs: 1_800_000,
    connectionAgeGraceMs: maxStreamMs + 60_000,
    keepaliveMs: 60_000,
    ...limits,
    maxStreamMs,
  };
}
