import { AppError } from '@stampede/errors';
import { Metadata, type CallOptions, type Handlers, type ServerContext, type ServiceDefinition } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import type { Process } from './process.ts';

/** What a call says besides its message. */
export interface Call extends Pick<CallOptions, 'user'> {
  readonly caller: string;
  /** Milliseconds that are left for it; time spent on the way does not count, as in gRPC. */
  readonly remainingMs: number;
}

/** A process that serves. */
export interface Host {
  readonly process: Process;
  /** Whether it accepts calls. */
  readonly open: boolean;
  /** Called inside the process. `lost` is called where the process dies before it has answered. */
  serve(path: string, request: Uint8Array, call: Call, lost: () => void): Promise<Uint8Array>;
  /** Accepts no more calls, and resolves when those under way are over. */
  drain(): Promise<void>;
  kill(): void;
}

const log = silentLogger();
const TRACE = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false };

/** Handlers as a server runs them: bytes in, bytes or an AppError out, a context with the caller's patience. */
export function createHost<D extends ServiceDefinition>(process: Process, definition: D, handlers: Handlers<D>): Host {
  const { clock } = process;
  const methods = new Map(
    Object.entries(definition.methods).map(([key, method]) => [
      `/${definition.fullName}/${method.name}`,
      { method, handle: handlers[key] as (request: unknown, context: ServerContext) => Promise<unknown> },
    ]),
  );
  const underWay = new Set<() => void>();
  let open = true;
  let onIdle: (() => void) | undefined;

  function contextOf(path: string, { caller, user, remainingMs }: Call, signal: AbortSignal): ServerContext {
    const [, service = '', method = ''] = path.split('/');
    const deadline = clock.monotonic() + remainingMs;
    return {
      service,
      method,
      kind: 'unary',
      requestId: '',
      trace: TRACE,
      user,
      caller,
      signal,
      deadline: clock.now() + deadline - clock.monotonic(),
      remainingMs: () => Math.max(0, deadline - clock.monotonic()),
      metadata: EMPTY,
      responseHeaders: EMPTY,
      responseTrailers: EMPTY,
      log,
    };
  }

  return {
    process,
    get open() {
      return open && process.alive;
    },
    async serve(path, request, call, lost) {
      const found = methods.get(path);
      if (found === undefined) throw new TypeError(`nobody serves ${path}`);
      const late = new AbortController();
      const cancel = clock.schedule(call.remainingMs, () =>
        late.abort(new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'too late')),
      );
      underWay.add(lost);
      try {
        const { method, handle } = found;
        const response = await handle(method.requestType.decode(request), contextOf(path, call, late.signal));
        return method.responseType.encode(response).finish();
      } finally {
        cancel();
        underWay.delete(lost);
        if (underWay.size === 0) onIdle?.();
      }
    },
    async drain() {
      open = false;
      if (underWay.size === 0) return;
      await new Promise<void>((resolve) => (onIdle = resolve));
    },
    kill() {
      process.kill();
      for (const lost of underWay) lost();
    },
  };
}

const EMPTY = new Metadata();
