import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import type { Answer } from './answer.ts';
import type { EtcdNode } from './etcd-node.ts';
import type { OpenStreams } from './open-streams.ts';
import type { LeaseGrantRequest, LeaseRequest, LeaseTimeToLiveRequest, ResponseHeader } from './wire.ts';

interface LeaseKeepAliveResponse {
  readonly header: ResponseHeader;
  readonly ID: string;
  readonly TTL: number;
}

export function leaseService(node: EtcdNode, streams: OpenStreams, answer: Answer) {
  const { leases } = node;

  const leaseKeepAlive: handleBidiStreamingCall<LeaseRequest, LeaseKeepAliveResponse> = (call) => {
    streams.add(call);
    call.on('data', ({ ID }: LeaseRequest) => {
      // The header first: were it newer than the keep-alive, a client could believe the lease lived at a revision that ended it.
      const header = node.header();
      if (!call.write({ header, ID, TTL: leases.keepAlive(ID) })) {
        call.pause();
        call.once('drain', () => call.resume());
      }
    });
    call.on('end', () => call.end());
  };

  return {
    leaseGrant: answer((request: LeaseGrantRequest) => {
      const { id, ttl } = leases.grant(request.ID, Number(request.TTL));
      return { ID: id, TTL: ttl };
    }),
    leaseRevoke: answer((request: LeaseRequest) => {
      node.revoke(request.ID);
      return {};
    }),
    leaseKeepAlive,
    leaseTimeToLive: answer(({ ID, keys }: LeaseTimeToLiveRequest) => {
      const lease = leases.view(ID);
      if (lease === undefined) return { ID, TTL: -1 };
      const names = keys ? [...lease.keys].sort().map((key) => Buffer.from(key, 'latin1')) : [];
      return { ID, TTL: lease.remaining, grantedTTL: lease.granted, keys: names };
    }),
    leaseLeases: answer(() => ({ leases: leases.list().map((ID) => ({ ID })) })),
  };
}
