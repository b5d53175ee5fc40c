import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyInstance } from 'fastify';
import type protobuf from 'protobufjs';
import { onTestFinished } from 'vitest';
import type { CallOptions } from '@stampede/rpc';
import { loadContracts } from '../contracts/load-contracts.ts';
import { methodsOf } from '../contracts/method.ts';
import { restPlugin, restServerOptions, type Message, type RestOptions } from '../index.ts';

/** The contracts of `test-proto`, and a server of them whose services are functions of the test. */
export const librarySource = {
  protoRoot: fileURLToPath(new URL('../../test-proto', import.meta.url)),
  files: ['library/v1/library.proto'],
};
export const LIBRARY = 'library.v1.Library';

export type Answer = (request: Message, options: CallOptions) => unknown;

export interface Call {
  readonly method: string;
  readonly request: Message;
  readonly options: CallOptions;
}

export interface LibraryServer {
  readonly app: FastifyInstance;
  /** Calls that reached a service, oldest first. */
  readonly calls: Call[];
}

/** A server on no port, for `app.inject`. `answers` are by method name; a method without one answers an empty message. */
export async function serveLibrary(
  answers: Record<string, Answer> = {},
  options: Partial<RestOptions> = {},
): Promise<LibraryServer> {
  const calls: Call[] = [];
  const app = Fastify(restServerOptions);
  await app.register(restPlugin, {
    ...librarySource,
    channels: { [LIBRARY]: libraryChannel(answers, calls) },
    reasonStatusOption: 'library.v1.http_status',
    ...options,
  });

  onTestFinished(() => app.close());
  return { app, calls };
}

type Channel = RestOptions['channels'][string];

/** A channel whose far side is here: requests and responses go through their protobuf bytes all the same. */
export function libraryChannel(answers: Record<string, Answer>, calls: Call[]): Channel {
  const methods = new Map(methodsOf(loadContracts(librarySource)).map((method) => [`/${method.fullName}`, method]));

  function receive(path: string, bytes: Uint8Array, options: CallOptions) {
    const method = methods.get(path);
    if (method === undefined) throw new Error(`no method ${path}`);
    const request = method.requestType.decode(bytes) as unknown as Message;
    calls.push({ method: method.name, request: plain(method.requestType, request), options });
    return { outcome: () => answers[method.name]?.(request, options) ?? {}, encode: encoder(method.responseType) };
  }

  return {
    async unary(shape, request, options = {}) {
      const { outcome, encode } = receive(shape.path, shape.encode(request), options);
      return shape.decode(encode(await Promise.resolve(outcome())));
    },
    async *serverStream(shape, request, options = {}) {
      const { outcome, encode } = receive(shape.path, shape.encode(request), options);
      for await (const message of outcome() as AsyncIterable<unknown>) yield shape.decode(encode(message));
    },
  };
}

function encoder(type: protobuf.Type): (message: unknown) => Uint8Array {
  return (message) => type.encode(type.fromObject(message as object)).finish();
}

/** What was set, and nothing that protobufjs knows besides. */
function plain(type: protobuf.Type, message: Message): Message {
  return type.toObject(message as unknown as protobuf.Message, { longs: String, enums: Number, bytes: String });
}
