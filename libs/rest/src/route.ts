import type { MethodShape } from '@stampede/rpc';
import type protobuf from 'protobufjs';
import { isHttpBody, type HttpContent } from './contracts/http-body.ts';
import { httpBindings, type HttpBinding } from './contracts/http-rule.ts';
import type { ContractMethod } from './contracts/method.ts';
import type { Codecs } from './json/codecs.ts';
import type { Message } from './json/message-codec.ts';
import type { MethodHooks, RestChannel, RestOptions } from './options.ts';
import { bindRequest, type RequestBinder } from './request/bind-request.ts';

/** One HTTP binding of one method with everything that can be prepared before the first request. */
export interface Route {
  readonly binding: HttpBinding;
  readonly method: ContractMethod;
  readonly channel: RestChannel;
  readonly hooks: MethodHooks;
  /** Bytes in, message out: requests are encoded before the call, so that a client's data cannot fail inside it. */
  readonly shape: MethodShape<Uint8Array, Message>;
  readonly bind: RequestBinder;
  /** Whether the request body is not JSON but any bytes, for a google.api.HttpBody. */
  readonly takesContent: boolean;
  /** The response, or its `response_body`, as JSON text. */
  write(response: unknown): string;
  /** The same where it is a google.api.HttpBody, which is not written as JSON; undefined where it is none. */
  readonly content: ((response: unknown) => HttpContent) | undefined;
}

/** The routes of all methods that have bindings and a channel. Throws where contracts, channels and hooks do not fit each other. */
export function compileRoutes(methods: readonly ContractMethod[], codecs: Codecs, options: RestOptions): Route[] {
  refuseStrays('channels', options.channels, new Set(methods.map(({ service }) => service)));
  refuseStrays('hooks', options.hooks ?? {}, new Set(methods.map(({ fullName }) => fullName)));
  return methods.flatMap((method) => {
    const channel = options.channels[method.service];
    if (channel === undefined) return [];
    return httpBindings(method)
      .filter(({ body }) => body !== undefined || !method.requestStream)
      .map((binding) => compileRoute(binding, channel, codecs, options));
  });
}

function compileRoute(binding: HttpBinding, channel: Route['channel'], codecs: Codecs, options: RestOptions): Route {
  const { method } = binding;
  const hooks = options.hooks?.[method.fullName] ?? {};
  const response = codecs.of(method.responseType);
  const unwrapped = binding.responseBody === undefined ? undefined : response.field(binding.responseBody);
  return {
    binding,
    method,
    channel,
    hooks,
    shape: {
      path: `/${method.fullName}`,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      ...(method.idempotency === undefined ? {} : { idempotency: method.idempotency }),
      encode: (bytes) => bytes,
      decode: (bytes) => method.responseType.decode(bytes) as unknown as Message,
    },
    bind: bindRequest(binding, codecs, {
      unknownFields: options.unknownFields ?? 'refuse',
      refuseNul: options.refuseNul ?? false,
      safeIntegers: options.safeIntegers ?? false,
      elsewhere: hooks.fieldsFromHeaders ?? [],
    }),
    takesContent: isHttpBody(bodyTypeOf(method.requestType, binding.body)),
    content: isHttpBody(bodyTypeOf(method.responseType, binding.responseBody ?? '*'))
      ? (message) => contentOf(unwrapped === undefined ? message : (message as Message)[unwrapped.name])
      : undefined,
    write(message) {
      if (unwrapped === undefined) return response.write(message);
      const value = (message as Message)[unwrapped.name];
      return value === null || value === undefined ? 'null' : unwrapped.write(value);
    },
  };
}

/** The message type of what stands in a body: all of `type`, or the field that the rule names. */
function bodyTypeOf(type: protobuf.Type, rule: string | undefined): protobuf.ReflectionObject | null {
  if (rule === undefined) return null;
  if (rule === '*') return type;
  const field = type.fields[rule];
  return field === undefined || field.repeated || field.map ? null : field.resolve().resolvedType;
}

/** protobufjs has a list for bytes that are not there. */
function contentOf(value: unknown): HttpContent {
  const { content_type = '', data } = (value ?? {}) as Partial<HttpContent>;
  return { content_type, data: data instanceof Uint8Array ? data : new Uint8Array() };
}

function refuseStrays(option: string, given: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): void {
  const stray = Object.keys(given).filter((name) => !known.has(name));
  if (stray.length > 0) throw new Error(`${option}: the contracts know nothing of ${stray.join(', ')}`);
}
