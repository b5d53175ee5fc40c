import type { User } from '@stampede/rpc';
import type { TraceContext } from '@stampede/telemetry';
import type { Route } from './route.ts';

/** A request on its way: what is known of it grows as it passes the steps below. */
export interface RestCall {
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly path: string;
  readonly query: string;
  target: { readonly route: Route; readonly segments: readonly string[] } | undefined;
  user: User | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    rest: RestCall | null;
  }
}
