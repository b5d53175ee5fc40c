import type { ReserveStockRequest, ReserveStockResponse } from '@stampede/contracts';
import type { User } from '@stampede/rpc';

/** What travels with every call, over every transport: nobody is faster by leaving something out. */
export interface CallContext {
  readonly requestId: string;
  /** W3C `traceparent`. */
  readonly traceparent: string;
  readonly user: User;
  /** Ms that the call may take. */
  readonly deadlineMs: number;
}

/** What a handler is told of a call: who calls, proven, for whom, and how long it may take. */
export interface ServedContext extends Omit<CallContext, 'deadlineMs'> {
  /** Proven; undefined where there was no proof. */
  readonly caller: string | undefined;
  /** Epoch ms. */
  readonly deadline: number;
}

export type Handler = (request: ReserveStockRequest, context: ServedContext) => ReserveStockResponse;

export type Call = (request: ReserveStockRequest, context: CallContext) => Promise<ReserveStockResponse>;

/** A way to make a call between two processes. Each is a module that exports `transport`. */
export interface RpcTransport {
  /** Serves the handler on a free port of 127.0.0.1; answers `host:port`. */
  serve(handler: Handler, secret: string): Promise<string>;
  /** How a service of this name makes the call. */
  connect(address: string, service: string, secret: string): Promise<Call>;
}
