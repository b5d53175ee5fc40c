import { encoderOf } from './wire/encoder-of.ts';

/** How a message is written and read; what ts-proto generates fits. Methods, so that any message type fits `MessageType<unknown>`. */
export interface MessageType<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(input: Uint8Array): T;
}

/** One method as ts-proto's `outputServices=generic-definitions` writes it. */
export interface MethodDefinition {
  readonly name: string;
  readonly requestType: MessageType<unknown>;
  readonly requestStream: boolean;
  readonly responseType: MessageType<unknown>;
  readonly responseStream: boolean;
  /** May hold `idempotencyLevel`. */
  readonly options: object;
}

/** A service as ts-proto's `outputServices=generic-definitions` writes it. */
export interface ServiceDefinition {
  readonly name: string;
  /** With its package: `stampede.order.v1.OrderService`. */
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

type MessageOf<T> = T extends { decode(input: Uint8Array): infer Message } ? Message : never;
/** What a method of a definition is asked. */
export type RequestOf<M extends MethodDefinition> = MessageOf<M['requestType']>;
/** What a method of a definition answers. */
export type ResponseOf<M extends MethodDefinition> = MessageOf<M['responseType']>;

/** Which of the two sides of a method send many messages. */
export type MethodKind = 'unary' | 'serverStream' | 'clientStream' | 'bidi';

/** Said by the contract: NO_SIDE_EFFECTS and IDEMPOTENT methods may be repeated once they may have been processed. */
export type Idempotency = 'NO_SIDE_EFFECTS' | 'IDEMPOTENT';

/** What a client needs to know of a method. */
export interface MethodShape<Request, Response> {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotency?: Idempotency;
  encode(request: Request): Uint8Array;
  decode(bytes: Uint8Array): Response;
}

/** The path of a method on the wire. */
export function pathOf(definition: ServiceDefinition, method: MethodDefinition): string {
  return `/${definition.fullName}/${method.name}`;
}

export function kindOf(method: { requestStream: boolean; responseStream: boolean }): MethodKind {
  if (method.requestStream) return method.responseStream ? 'bidi' : 'clientStream';
  return method.responseStream ? 'serverStream' : 'unary';
}

/** Service and method of a path: `['stampede.order.v1.OrderService', 'GetOrder']`. */
export function namesOf(path: string): readonly [service: string, method: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(1, slash), path.slice(slash + 1)];
}

/** The client's view of one method of a definition. */
export function methodShape<M extends MethodDefinition>(
  definition: ServiceDefinition,
  method: M,
): MethodShape<RequestOf<M>, ResponseOf<M>> {
  const { requestType, responseType } = method;
  const idempotency = idempotencyOf(method);
  return {
    path: pathOf(definition, method),
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    ...(idempotency === undefined ? {} : { idempotency }),
    encode: encoderOf(requestType),
    decode: (bytes) => responseType.decode(bytes) as ResponseOf<M>,
  };
}

function idempotencyOf({ options }: MethodDefinition): Idempotency | undefined {
  const level = 'idempotencyLevel' in options ? options.idempotencyLevel : undefined;
  return level === 'NO_SIDE_EFFECTS' || level === 'IDEMPOTENT' ? level : undefined;
}
