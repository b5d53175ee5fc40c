import { AppError } from '@stampede/errors';
import {
  kindOf,
  pathOf,
  type MethodDefinition,
  type MethodKind,
  type RequestOf,
  type ResponseOf,
  type ServiceDefinition,
} from '../definition.ts';
import { compose, type Interceptor, type Next } from '../interceptor.ts';
import type { ServerContext } from '../server-context.ts';
import { encoderOf } from '../wire/encoder-of.ts';

/** Goes around the handlers of a server; see `Interceptor`. */
export type ServerInterceptor = Interceptor<ServerContext>;

/** Serves a method that is sent one message and answers one; what it throws reaches the caller. */
export type UnaryHandler<Request, Response> = (request: Request, context: ServerContext) => Promise<Response>;
/** Serves a method that is sent one message and answers many. */
export type ServerStreamHandler<Request, Response> = (
  request: Request,
  context: ServerContext,
) => AsyncIterable<Response>;
/** Serves a method that is sent many messages and answers one. */
export type ClientStreamHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  context: ServerContext,
) => Promise<Response>;
/** Serves a method in which both sides send many messages. */
export type BidiHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  context: ServerContext,
) => AsyncIterable<Response>;

/** The handler that a method of a definition wants. */
export type HandlerOf<M extends MethodDefinition> = M['requestStream'] extends true
  ? M['responseStream'] extends true
    ? BidiHandler<RequestOf<M>, ResponseOf<M>>
    : ClientStreamHandler<RequestOf<M>, ResponseOf<M>>
  : M['responseStream'] extends true
    ? ServerStreamHandler<RequestOf<M>, ResponseOf<M>>
    : UnaryHandler<RequestOf<M>, ResponseOf<M>>;

/** A handler for every method of a service, by its key in the definition: `{ getOrder: async (request, context) => … }`. */
export type Handlers<D extends ServiceDefinition> = {
  readonly [Key in keyof D['methods']]: HandlerOf<D['methods'][Key]>;
};

/** A method as transports serve it: bytes in, bytes out. */
export interface ServedMethod {
  readonly path: string;
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  /** Throws INVALID_ARGUMENT for bytes that are not such a message. */
  decode(bytes: Uint8Array): unknown;
  encode(response: unknown): Uint8Array;
  /** The handler inside the interceptors. */
  readonly handle: Next<ServerContext>;
}

export function servedMethods<D extends ServiceDefinition>(
  definition: D,
  handlers: Handlers<D>,
  interceptors: readonly ServerInterceptor[],
): ServedMethod[] {
  return Object.entries(definition.methods).map(([key, method]) => {
    // The handler's types were checked against the definition by the caller's compiler; from here on messages are opaque.
    const handler = handlers[key] as Next<ServerContext> | undefined;
    if (handler === undefined) throw new TypeError(`${definition.fullName}: no handler for ${key}`);
    return {
      path: pathOf(definition, method),
      service: definition.fullName,
      method: method.name,
      kind: kindOf(method),
      decode: decoder(method),
      encode: encoderOf(method.responseType),
      handle: compose(interceptors, (request, context) => handler.call(handlers, request, context)),
    };
  });
}

function decoder({ requestType }: MethodDefinition): (bytes: Uint8Array) => unknown {
  return (bytes) => {
    try {
      return requestType.decode(bytes);
    } catch (cause) {
      throw new AppError('INVALID_ARGUMENT', 'MALFORMED_MESSAGE', 'the request is not a valid protobuf message', {
        cause,
      });
    }
  };
}
