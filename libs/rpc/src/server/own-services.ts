import grpc from '@grpc/grpc-js';
import { kindOf, type MethodKind } from '../definition.ts';

/** A server whose streams can be ended by somebody else than their handlers. */
export interface FollowedServer extends Pick<grpc.Server, 'addService'> {
  /** The methods that were added, by their paths. */
  readonly kinds: ReadonlyMap<string, MethodKind>;
  /** Ends the open streams with UNAVAILABLE. */
  endStreams(): void;
}

/**
 * Where packages add services of their own (health, reflection) beside the dispatcher: their streams would keep the server from
 * stopping, since tryShutdown waits for them and nobody ends them.
 */
export function followed(server: grpc.Server): FollowedServer {
  const open = new Set<NodeJS.EventEmitter>();
  const kinds = new Map<string, MethodKind>();

  function follow(handler: grpc.UntypedHandleCall): grpc.UntypedHandleCall {
    return (call: NodeJS.EventEmitter, respond: unknown) => {
      // What answers by `respond` is no stream: it ends by itself, and nobody would hear its error.
      if (respond === undefined) {
        open.add(call);
        call.on('cancelled', () => open.delete(call));
      }
      Reflect.apply(handler, undefined, [call, respond]);
    };
  }

  return {
    kinds,
    addService(service, implementation) {
      for (const method of Object.values(service)) kinds.set(method.path, kindOf(method));
      const handlers = Object.entries(implementation).map(([name, handler]) => [name, follow(handler)] as const);
      server.addService(service, Object.fromEntries(handlers));
    },
    endStreams() {
      const status = { code: grpc.status.UNAVAILABLE, details: 'this instance is shutting down' };
      for (const call of open) call.emit('error', status);
    },
  };
}
