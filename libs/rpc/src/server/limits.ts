import type { LaneServerLimits } from '../lane/lane-server.ts';

/** What a server allows its peers; every bound has a default, since none of grpc-js's servers has. */
export interface ServerLimits {
  /** Bytes of one request message, unpacked; 4 MiB. Larger ones are RESOURCE_EXHAUSTED. */
  readonly maxReceiveBytes: number;
  /** Connections at once; 2,000. Further ones are hung up on. */
  readonly maxConnections: number;
  /** Calls at once on one connection; 2,000. Clients of this library stay below by themselves. */
  readonly maxConcurrentStreams: number;
  /** Calls at once on all connections; 10,000. Further ones are refused as not processed. */
  readonly maxCalls: number;
  /**
   * Mebibytes of requests that are kept at once, on all connections: 256. The same again for answers that wait for their readers. Beyond that
   * the call that holds most is RESOURCE_EXHAUSTED.
   */
  readonly maxHeldMb: number;
  /** Bytes of the metadata of one call, with 32 for each entry; 16 KiB. */
  readonly maxHeaderBytes: number;
  /** Ms that a single request may take to arrive; 30,000. A stream of requests may take its time. */
  readonly receiveMs: number;
  /** Ms that an answer may wait for its reader; 30,000. A stream of answers may wait as long as it may last. */
  readonly takeMs: number;
  /** Ms in which a new connection must have begun to speak HTTP/2; 10,000. */
  readonly handshakeMs: number;
  /**
   * Calls that one connection may reset at once, and from then on in a second: 10,000 and 1,000. Beyond that it is closed. Node's own bound
   * (1,000 and 33) closes the connection of an honest gateway whose clients leave.
   */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
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
    maxConnections: 2_000,
    maxConcurrentStreams: 2_000,
    maxCalls: 10_000,
    maxHeldMb: 256,
    maxHeaderBytes: 16 * 1024,
    receiveMs: 30_000,
    takeMs: 30_000,
    handshakeMs: 10_000,
    resetBurst: 10_000,
    resetsPerSecond: 1_000,
    maxSessionMemoryMb: 128,
    defaultDeadlineMs: 30_000,
    connectionAgeMs: 1_800_000,
    connectionAgeGraceMs: maxStreamMs + 60_000,
    keepaliveMs: 60_000,
    ...limits,
    maxStreamMs,
  };
}

/** Of a connection's age, the part that a lane lives: it ends, in-band and in peace, before its connection is asked to. */
const LANE_AGE = 0.7;

/** What a lane allows its client. A lane that is not the first on its connection still ends within the grace that the connection's streams have. */
export function laneLimits(limits: ServerLimits): LaneServerLimits {
  const { connectionAgeMs, connectionAgeGraceMs, maxStreamMs, maxConcurrentStreams, maxCalls, maxReceiveBytes } =
    limits;
  return {
    credits: maxConcurrentStreams,
    maxCalls,
    maxReceiveBytes,
    receiveMs: limits.receiveMs,
    ageMs: LANE_AGE * Math.min(connectionAgeMs, connectionAgeGraceMs, maxStreamMs),
    pingMs: 10_000,
    pongMs: 10_000,
  };
}
