import { status, type handleUnaryCall } from '@grpc/grpc-js';
import type { EmbeddedLog } from '../embedded-log.ts';
import { EtcdError } from './etcd-error.ts';
import type { EtcdNode } from './etcd-node.ts';
import type { Headed } from './wire.ts';

/** Serves a unary method by work that is done at once. The answer waits until all it may tell of is on the disk. */
export type Answer = <Req, Res extends object>(work: (request: Req) => Res) => handleUnaryCall<Req, Res>;

export function answerFrom(node: EtcdNode, log: EmbeddedLog): Answer {
  const statusOf = (error: unknown) => {
    if (error instanceof EtcdError) return error;
    log.warn({ err: error }, 'an etcd call failed unforeseen');
    return new EtcdError(status.INTERNAL, 'etcdserver: internal error');
  };
  return (work) => (call, callback) => {
    let response;
    try {
      const done = work(call.request);
      const { header } = done as Partial<Headed>;
      response = { ...done, header: node.header(header?.revision) };
    } catch (error) {
      callback(statusOf(error));
      return;
    }
    const settled = node.journal.settled();
    if (settled === undefined) callback(null, response);
    else {
      settled.then(
        () => callback(null, response),
        () => callback(new EtcdError(status.UNAVAILABLE, 'etcdserver: the journal cannot be written')),
      );
    }
  };
}
