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
  files: ['library/v1/library.proto', 'library/v1/archive.proto'],
};
export const LIBRARY = 'library.v1.Library';
export const ARCHIVE = 'library.v1.Archive';

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

/** The same of the archive: files, streams of requests, partial updates. */
export function serveArchive(
  answers: Record<string, Answer> = {},
  options: Partial<RestOptions> = {},
): Promise<LibraryServer> {
  const calls: Call[] = [];
  const channels = { [ARCHIVE]: libraryChannel(answers, calls) };
  return serveLibrary({}, { channels, ...options }, calls);
}

/** A server on no port, for `app.inject`. `answers` are by method name; a method without one answers an empty message. */
export async function serveLibrary(
  answers: Record<string, Answer> = {},
  options: Partial<RestOptions> = {},
  calls: Call[] = [],
): Promise<LibraryServer> {
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

  function begin(path: string, options: CallOptions) {
    const method = methods.get(path);
    if (method === undefined) throw new Error(`no method ${path}`);
    const read = (bytes: Uint8Array) => {
      const request = method.requestType.decode(bytes) as unknown as Message;
      calls.push({ method: method.name, request: plain(method.requestType, request), options });
      return request;
    };
    const answer = (request: Message) => answers[method.name]?.(request, options) ?? {};
    return { read, answer, encode: encoder(method.responseType) };
  }

  return {
    async unary(shape, request, options = {}) {
      const { read, answer, encode } = begin(shape.path, options);
      const message = read(shape.encode(request));
      return shape.decode(encode(await Promise.resolve(answer(message))));
    },
    async *serverStream(shape, request, options = {}) {
      const { read, answer, encode } = begin(shape.path, options);
      const message = read(shape.encode(request));
      for await (const each of answer(message) as AsyncIterable<unknown>) yield shape.decode(encode(each));
    },
    /** Answered when all have come: with what the answer to the last one is, or to an empty message. */
    async clientStream(shape, requests, options = {}) {
      const { read, answer, encode } = begin(shape.path, options);
      let last: Message = {};
      for await (const request of requests) last = read(shape.encode(request));
      return shape.decode(encode(await Promise.resolve(answer(last))));
    },
    /** Each is answered by itself. */
    async *bidi(shape, requests, options = {}) {
      const { read, answer, encode } = begin(shape.path, options);
      for await (const request of requests) {
        yield shape.decode(encode(await Promise.resolve(answer(read(shape.encode(request))))));
      }
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
