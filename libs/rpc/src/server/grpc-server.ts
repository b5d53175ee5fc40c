import type grpc from '@grpc/grpc-js';
import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';
import { asBuffer, fromGrpc, toGrpc } from '../wire/grpc-metadata.ts';
import { HEADERS } from '../wire/header-names.ts';
import { arrivalOf } from './arrival.ts';
import type { CallStatus } from './call-status.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { ReplySink, ServedCall } from './served-call.ts';
import type { ServedMethod } from './served-method.ts';

export interface GrpcBindingOptions {
  readonly instance: string;
  readonly dispatcher: Dispatcher;
  readonly log: Logger;
  readonly clock: Clock;
}

type UnaryCall = grpc.ServerUnaryCall<Buffer, Uint8Array>;
type ServerStreamCall = grpc.ServerWritableStream<Buffer, Uint8Array>;
type ClientStreamCall = grpc.ServerReadableStream<Buffer, Uint8Array>;
type BidiCall = grpc.ServerDuplexStream<Buffer, Uint8Array>;
type AnyCall = UnaryCall | ServerStreamCall | ClientStreamCall | BidiCall;

/**
 * Serves methods over plain gRPC: carries what arrives on a grpc-js server to the dispatcher and its answers back.
 * grpc-js sees bytes alone, so that a message that cannot be decoded is ours to answer (it would say INTERNAL).
 */
export function bindMethod(server: grpc.Server, method: ServedMethod, options: GrpcBindingOptions): void {
  const added = server.register<Buffer, Uint8Array>(
    method.path,
    handlerOf(method, options),
    asBuffer,
    (bytes) => bytes,
    method.kind,
  );
  if (!added) throw new TypeError(`${method.path} is served already`);
}

function handlerOf(method: ServedMethod, options: GrpcBindingOptions): grpc.UntypedHandleCall {
  switch (method.kind) {
    case 'unary':
      return (call: UnaryCall, respond: grpc.sendUnaryData<Uint8Array>) => {
        answer(call, call.request, respond, method, options);
      };
    case 'clientStream':
      return (call: ClientStreamCall, respond: grpc.sendUnaryData<Uint8Array>) => {
        answer(call, incoming(call, options.clock), respond, method, options);
      };
    case 'serverStream':
      return (call: ServerStreamCall) => {
        guard(pump(call, call.request, method, options), method, options);
      };
    case 'bidi':
      return (call: BidiCall) => {
        guard(pump(call, incoming(call, options.clock), method, options), method, options);
      };
  }
}

/** One response: resolves the handler and sends what came of it. */
function answer(
  call: UnaryCall | ClientStreamCall,
  request: Uint8Array | AsyncIterable<Uint8Array>,
  respond: grpc.sendUnaryData<Uint8Array>,
  method: ServedMethod,
  options: GrpcBindingOptions,
): void {
  const served = begin(call, method, options, (status) => respond(failure(status)));
  if (served === undefined) return;
  let over = false;
  const fail = (status: CallStatus) => {
    if (!over && !call.cancelled) respond(failure(status));
    over = true;
  };
  const sink: ReplySink = {
    answered(payload, { setTrailers }) {
      if (over || call.cancelled) return;
      call.sendMetadata(headersOf(served, options));
      respond(null, payload, setTrailers === undefined ? undefined : toGrpc(setTrailers));
    },
    failed: fail,
    forced: fail,
  };
  guard(served.reply(request, sink), method, options);
}

/** What the wire refuses to carry costs its own call and no other. */
function guard(work: Promise<void>, { path }: ServedMethod, { log }: GrpcBindingOptions): void {
  work.catch((error: unknown) => log.error({ err: error, rpc: path }, 'the answer could not be sent'));
}

/** A stream of responses, written as fast as the peer reads them. */
async function pump(
  call: ServerStreamCall | BidiCall,
  request: Uint8Array | AsyncIterable<Uint8Array>,
  method: ServedMethod,
  options: GrpcBindingOptions,
): Promise<void> {
  const fail = (status: CallStatus): void => void call.emit('error', failure(status));
  const served = begin(call, method, options, fail);
  if (served === undefined) return;
  const forced = { over: false };
  served.whenForced({
    forced(status) {
      forced.over = true;
      fail(status);
    },
  });
  const responses = served.stream(request);
  let headersSent = false;
  for (;;) {
    const next = await responses.next();
    if (forced.over || call.cancelled) {
      await responses.return({ code: 0, message: '', trailers: undefined });
      return;
    }
    if (!headersSent) {
      headersSent = true;
      if (next.done !== true || next.value.code === 0) call.sendMetadata(headersOf(served, options));
    }
    if (next.done === true) {
      if (next.value.code === 0) call.end(toGrpc(next.value.trailers));
      else fail(next.value);
      return;
    }
    if (!call.write(next.value)) await writable(call);
  }
}

/** Lets the call in and keeps its time; undefined if it was refused, which has then been answered. */
function begin(
  call: AnyCall,
  method: ServedMethod,
  { dispatcher, clock }: GrpcBindingOptions,
  refuse: (status: CallStatus) => void,
): ServedCall | undefined {
  const deadline = Number(call.getDeadline());
  const timed = Number.isFinite(deadline);
  const begun = dispatcher.begin(method, arrivalOf(fromGrpc(call.metadata), timed ? deadline : undefined));
  if (begun.kind === 'refused') {
    refuse(begun.status);
    return undefined;
  }
  const served = begun.call;
  // grpc-js keeps the time of calls that came with a deadline, and says `cancelled` for whatever ends a call.
  const stop = timed
    ? undefined
    : clock.schedule(served.context.remainingMs(), () => {
        served.ask(outOfTime());
        served.force();
      });
  (call as NodeJS.EventEmitter).on('cancelled', () => {
    stop?.();
    served.cut(
      clock.now() >= served.context.deadline - SAME_TIME_MS
        ? outOfTime()
        : new AppError('CANCELLED', 'CANCELLED', 'the caller is gone'),
    );
  });
  return served;
}

/** Ms. A caller that hangs up so soon before its deadline did so for its deadline: its clock started earlier. */
const SAME_TIME_MS = 25;

function outOfTime(): AppError {
  return new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the deadline has passed');
}

function headersOf(served: ServedCall, { instance }: GrpcBindingOptions): grpc.Metadata {
  const headers = toGrpc(served.context.setHeaders);
  headers.set(HEADERS.instance, instance);
  return headers;
}

function failure({ code, message, trailers }: CallStatus) {
  return { code, details: message, metadata: toGrpc(trailers) };
}

/** Ms between the end of a cancelled stream of grpc-js and the RST_STREAM that says what it was. */
const SETTLE_MS = 20;

/**
 * The requests of a stream. A handler that stops reading must not destroy the stream that its answers go out on.
 *
 * Node's HTTP/2 client half-closes a stream before it resets it, so that a cancelled stream of requests looks complete for a moment, and a
 * handler would act on the half it has. So the end of grpc-js's streams is believed only when no reset has followed.
 */
async function* incoming(call: ClientStreamCall | BidiCall, clock: Clock): AsyncGenerator<Uint8Array> {
  yield* { [Symbol.asyncIterator]: () => call.iterator({ destroyOnReturn: false }) } as AsyncIterable<Uint8Array>;
  if (String(call.metadata.get('user-agent')[0]).includes('grpc-node')) await clock.sleep(SETTLE_MS);
  if (call.cancelled) throw new AppError('CANCELLED', 'CANCELLED', 'the caller is gone');
}

async function writable(call: ServerStreamCall | BidiCall): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const go = () => resolve(undefined);
  call.once('drain', go).once('cancelled', go);
  await promise;
  call.off('drain', go).off('cancelled', go);
}
