import type { AppError, Code } from '@stampede/errors';
import type { Channel, User } from '@stampede/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ForwardedHeaders } from './answer/forwarding.ts';
import type { CompressionOptions } from './answer/representation.ts';
import type { ContractSource } from './contracts/load-contracts.ts';
import type { RestMethod } from './contracts/method.ts';
import type { Message } from './json/message-codec.ts';
import type { TicketOptions } from './ticket/tickets.ts';

/** What a hook may change of a call before it is made. */
export interface CallChanges {
  /** Milliseconds; instead of the plugin's `deadlineMs`. */
  readonly deadlineMs?: number;
}

/** What a hook may change of an answer. */
export interface AnswerChanges {
  /** Instead of 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What HTTP says of a method beyond google.api.http. Messages are protobufjs': properties by the fields' names in proto, enums as numbers. */
export interface MethodHooks {
  /** May read headers into `message`, and throws to refuse (`invalid({ field: 'Idempotency-Key', … })`). */
  request?(message: Message, request: FastifyRequest): CallChanges | undefined;
  /** Chooses status and headers of an answer; `message` is the whole response, also where `response_body` unwraps it. */
  response?(message: Message, request: FastifyRequest): AnswerChanges | undefined;
  /** Request fields that `request` sets from headers, by their names in proto: clients cannot set them in body or query. */
  readonly fieldsFromHeaders?: readonly string[];
  /** What the hooks do, for the OpenAPI document: more parameters, and responses by status instead of a plain 200. */
  readonly document?: {
    readonly parameters?: readonly Readonly<Record<string, unknown>>[];
    readonly responses?: Readonly<Record<string, string>>;
  };
}

/** A failure that a method may answer beyond those of the contracts, for the OpenAPI document. */
export interface DocumentedError {
  readonly status: number;
  readonly code: Code;
  readonly reason: string;
  /** When it comes, for people. */
  readonly description: string;
}

/** What the OpenAPI document says that no contract does. */
export interface OpenApiOptions {
  readonly title?: string;
  readonly version?: string;
  readonly description?: string;
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  /** As OpenAPI's `components.securitySchemes`. */
  readonly securitySchemes?: Readonly<Record<string, object>>;
  /** The names of the schemes of which one is needed for a method; none if it is open to all. */
  security?(method: RestMethod): readonly string[];
  readonly license?: { readonly name: string; readonly identifier?: string; readonly url?: string };
  /**
   * What a method may fail with, besides the reasons that its comment in the contract names: reasons that the contracts enumerate, and
   * failures of whoever mounts the plugin.
   */
  errors?(method: RestMethod): readonly (string | DocumentedError)[];
  /** Examples of fields by their full names in proto (`shop.v1.Order.id`), in JSON; the others follow from their types. */
  readonly examples?: Readonly<Record<string, unknown>>;
}

/** A request that has been answered. */
export interface ServedRequest {
  readonly httpMethod: string;
  /** The path template; undefined where nothing matched, so that metrics do not grow with what strangers try. */
  readonly route: string | undefined;
  readonly method: RestMethod | undefined;
  readonly status: number;
  readonly seconds: number;
  readonly requestId: string;
  readonly user: User | undefined;
}

/** What is needed to call a service. */
export type RestChannel = Pick<Channel, 'unary' | 'serverStream' | 'clientStream' | 'bidi'>;

/** Of `restPlugin`: which contracts it serves, over which channels, and how. */
export interface RestOptions extends ContractSource {
  /** By the service's full name: `{ 'shop.v1.OrderService': channel }`. A service without a channel is not served. */
  readonly channels: Readonly<Record<string, RestChannel>>;
  /**
   * Called first of all, before authentication; throws to refuse a request for which there is no room (UNAVAILABLE is 503). What is given to
   * `whenGone` is run once, when the answer has gone out or its client has gone, refused requests' too: there the room is given back.
   */
  admit?(request: FastifyRequest, reply: FastifyReply, method: RestMethod, whenGone: (run: () => void) => void): void;
  /** Who is asking; throws an UNAUTHENTICATED AppError for 401. Called before the body is read. Nobody is, if absent. */
  authenticate?(request: FastifyRequest, method: RestMethod): Promise<User | undefined> | User | undefined;
  /** By `package.Service/Method`. */
  readonly hooks?: Readonly<Record<string, MethodHooks>>;
  /** The full name of the enum value option that holds a reason's HTTP status: `shop.errors.http_status`. */
  readonly reasonStatusOption?: string;
  /** The `type` of a problem; `about:blank` if absent. */
  readonly problemType?: (reason: string) => string;
  /** `WWW-Authenticate` of a 401; `Bearer` if absent. */
  readonly challenge?: (error: AppError) => string;
  /** Fields and query parameters that the contract does not know: `refuse` (400, the default) or `drop`. */
  readonly unknownFields?: 'refuse' | 'drop';
  /** Write fields without presence even where they hold their default, so that answers have a stable shape; true if absent. */
  readonly printDefaults?: boolean;
  /** Refuse U+0000 in strings (PostgreSQL cannot store it); false if absent. */
  readonly refuseNul?: boolean;
  /** Refuse 64-bit integers beyond ±(2^53 - 1): for services that hold them as doubles (ts-proto's `forceLong=number`); false if absent. */
  readonly safeIntegers?: boolean;
  /** Tickets with which browsers open streams that need authentication; none are made or taken if absent. */
  readonly tickets?: TicketOptions;
  /** Headers and trailers that go through between HTTP and the services; none if absent. */
  readonly forwardHeaders?: ForwardedHeaders;
  /** Entity tags on what GET answers, and 304 to who has it already (`If-None-Match`); false if absent. The call is made all the same. */
  readonly etag?: boolean;
  /** Answers in gzip or br to who accepts them; none if absent. Streams stay as they are: each would hold a compressor's 256 KiB. */
  readonly compression?: CompressionOptions;
  /** Bytes of a body, or of one message in a stream of them; 1 MiB if absent. */
  readonly bodyLimit?: number;
  /** Bytes of a URL; 8,192 if absent. */
  readonly urlLimit?: number;
  /** Milliseconds a unary call may take; 10,000 if absent. A function is asked for each call. */
  readonly deadlineMs?: number | (() => number);
  /** Milliseconds a stream may stay open, after which it ends and the client connects anew; 9 minutes if absent, since servers of @stampede/rpc end streams after 10. */
  readonly streamLimitMs?: number;
  /** Milliseconds of silence on a stream after which a heartbeat goes out; 15,000 if absent. */
  readonly heartbeatMs?: number;
  /** Called when an answer has gone out, or its client has gone: for metrics and access logs. */
  observe?(served: ServedRequest): void;
  /** `GET /openapi.json`; not served where false. */
  readonly openapi?: OpenApiOptions | false;
}
