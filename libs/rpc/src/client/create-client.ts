import {
  kindOf,
  methodShape,
  type MethodDefinition,
  type RequestOf,
  type ResponseOf,
  type ServiceDefinition,
} from '../definition.ts';
import type { CallOptions } from './call-options.ts';
import type { Channel } from './create-channel.ts';

/** A method of a definition as its caller sees it. */
export type ClientMethod<M extends MethodDefinition> = M['requestStream'] extends true
  ? M['responseStream'] extends true
    ? (requests: AsyncIterable<RequestOf<M>>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
    : (requests: AsyncIterable<RequestOf<M>>, options?: CallOptions) => Promise<ResponseOf<M>>
  : M['responseStream'] extends true
    ? (request: RequestOf<M>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
    : (request: RequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>;

/** The methods of a service by their keys in its definition. */
export type Client<D extends ServiceDefinition> = {
  readonly [Key in keyof D['methods']]: ClientMethod<D['methods'][Key]>;
};

/**
 * A typed client over a channel.
 *
 * @example const users = createClient(UserServiceDefinition, channel); const user = await users.getUser({ id });
 */
export function createClient<D extends ServiceDefinition>(definition: D, channel: Channel): Client<D> {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const shape = methodShape(definition, method);
    const stream = (request: unknown) => request as AsyncIterable<unknown>;
    switch (kindOf(method)) {
      case 'unary':
        return [key, (request: unknown, options?: CallOptions) => channel.unary(shape, request, options)];
      case 'serverStream':
        return [key, (request: unknown, options?: CallOptions) => channel.serverStream(shape, request, options)];
      case 'clientStream':
        return [
          key,
          (requests: unknown, options?: CallOptions) => channel.clientStream(shape, stream(requests), options),
        ];
      case 'bidi':
        return [key, (requests: unknown, options?: CallOptions) => channel.bidi(shape, stream(requests), options)];
    }
  });
  // Each key got the function that its method's kind wants; the compiler cannot follow that through the entries.
  return Object.fromEntries(methods) as Client<D>;
}
