import type grpc from '@grpc/grpc-js';
import type { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';
import { HeldRequests } from '../lane/held-requests.ts';
import { LaneServer, type LaneServerLimits } from '../lane/lane-server.ts';
import type { Pipe } from '../lane/pipe.ts';
import { DRAIN, LANE_PATH } from '../lane/protocol.ts';
import { asBuffer, toGrpc } from '../wire/grpc-metadata.ts';
import { NOT_PROCESSED } from '../wire/header-names.ts';
import { statusOf } from './call-status.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { ServedMethod } from './served-method.ts';

export interface LaneServiceOptions {
  readonly service: string;
  readonly instance: string;
  readonly dispatcher: Dispatcher;
  readonly limits: LaneServerLimits;
  /** Bytes of requests that all lanes together may keep. */
  readonly maxHeldBytes: number;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The lanes of a server. */
export interface LaneService {
  /** Serves a method over lanes too, if it has one request and one response. */
  add(method: ServedMethod): void;
  setServing(serving: boolean): void;
  /** Ends every lane once its calls are answered, and opens no more. */
  drain(): void;
}

type LaneStream = grpc.ServerDuplexStream<Buffer, Buffer>;

/** Serves the lane beside plain gRPC: one bidirectional stream each, of bytes that this library reads and writes itself. */
export function addLaneService(server: grpc.Server, options: LaneServiceOptions): LaneService {
  const { instance, log } = options;
  const methods = new Map<string, ServedMethod>();
  const lanes = new Set<LaneServer>();
  const held = new HeldRequests(options.maxHeldBytes);
  let serving = false;
  let draining = false;

  server.register<Buffer, Buffer>(LANE_PATH, open, asBuffer, asBuffer, 'bidi');

  function open(stream: LaneStream): void {
    const fail = (why: AppError) => {
      const { code, message, trailers } = statusOf(why, instance, undefined, NOT_PROCESSED);
      stream.emit('error', { code, details: message, metadata: toGrpc(trailers) });
    };
    const pipe: Pipe = {
      send: (message, sent) => void stream.write(message, () => sent()),
      close(why) {
        lanes.delete(lane);
        if (why === undefined) stream.end();
        else {
          if (why.code === 'INVALID_ARGUMENT') log.warn({ err: why }, 'lane ended');
          fail(why);
        }
      },
    };
    const lane = new LaneServer({ ...options, methods, held, serving, pipe });
    lanes.add(lane);
    stream.on('data', (batch: Buffer) => lane.receive(batch));
    stream.on('end', () => lane.ended());
    stream.on('cancelled', () => {
      lanes.delete(lane);
      lane.lost();
    });
    if (draining) lane.drain(DRAIN.shutdown);
  }

  return {
    add(method) {
      if (method.kind === 'unary') methods.set(method.path, method);
    },
    setServing(now) {
      serving = now;
      for (const lane of lanes) lane.setServing(now);
    },
    drain() {
      draining = true;
      for (const lane of lanes) lane.drain(DRAIN.shutdown);
    },
  };
}
