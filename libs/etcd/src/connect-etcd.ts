import { systemClock, type Clock } from '@stampede/lifecycle';
import type { Etcd3, IResponseHeader } from 'etcd3';
import type { Entry, Etcd, EtcdLog, Listing, PutOptions, Watch } from './etcd.ts';
import { etcdError, isEtcdError } from './etcd-error.ts';
import { connectMembers, type CallOptions } from './members.ts';
import { openWatch } from './open-watch.ts';
import { rangeOf, readEntry } from './wire.ts';

export interface EtcdOptions {
  /** `http://127.0.0.1:2379`; `https:` trusts the machine's authorities. One is used at a time, the others when it fails. */
  readonly endpoints: readonly string[];
  readonly log: EtcdLog;
  readonly clock?: Clock;
  /** Milliseconds that a call to one endpoint may take; 2,000 if absent. Reads, and writes that may be repeated, try each endpoint once. */
  readonly callTimeoutMs?: number;
  /** Keys a page of a listing holds; 1,000 if absent. */
  readonly pageSize?: number;
}

/** How often a listing whose revision is compacted between two of its pages begins anew. */
const LISTINGS = 3;

/**
 * A client of an etcd cluster. It connects when it is first called, and again by itself.
 *
 * @example const etcd = connectEtcd({ endpoints: ['http://127.0.0.1:2379'], log }); await etcd.put('/greeting', 'hello');
 */
export function connectEtcd(options: EtcdOptions): Etcd {
  const { endpoints, log, clock = systemClock, callTimeoutMs = 2_000, pageSize = 1_000 } = options;
  const members = connectMembers(endpoints, callTimeoutMs);
  const watches = new Set<Watch>();

  async function listOnce(prefix: string): Promise<Listing> {
    const { key: first, range_end } = rangeOf(prefix);
    const entries: Entry[] = [];
    let header: IResponseHeader | undefined;
    for (let key = first; ;) {
      const revision = header?.revision ?? '0';
      const page = await members.call('repeat', (member, call) =>
        member.kv.range({ key, range_end, limit: pageSize, revision }, call),
      );
      header ??= page.header;
      if (page.header.cluster_id !== header.cluster_id)
        throw etcdError('ETCD_UNAVAILABLE', 'another cluster answered midway');
      for (const kv of page.kvs) entries.push(readEntry(kv));
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) {
        return { entries, revision: Number(header.revision), clusterId: header.cluster_id };
      }
      key = Buffer.concat([last.key, Buffer.of(0)]);
    }
  }

  return {
    async list(prefix) {
      for (let left = LISTINGS - 1; ; left -= 1) {
        try {
          return await listOnce(prefix);
        } catch (error) {
          if (left === 0 || !isEtcdError(error, 'ETCD_COMPACTED')) throw error;
        }
      }
    },

    async get(key) {
      const { kvs } = await members.call('repeat', (member, call) => member.kv.range({ key: Buffer.from(key) }, call));
      return kvs[0] && readEntry(kvs[0]);
    },

    async first(prefix, from) {
      const { key: lowest, range_end } = rangeOf(prefix);
      const bytes = Buffer.from(from);
      const key = bytes.compare(lowest) > 0 ? bytes : lowest;
      // A range that ends where it begins, or before, holds nothing; etcd takes an end of 0 for none.
      if (range_end.compare(Buffer.of(0)) !== 0 && key.compare(range_end) >= 0) return undefined;
      const { kvs } = await members.call('repeat', (member, call) =>
        member.kv.range({ key, range_end, limit: 1 }, call),
      );
      return kvs[0] && readEntry(kvs[0]);
    },

    async put(key, value, { leaseId = '0' } = {}) {
      const request = { key: Buffer.from(key), value: Buffer.from(value), lease: leaseId };
      const { header } = await members.call('repeat', (member, call) => member.kv.put(request, call));
      return Number(header.revision);
    },

    async putIf(key, modRevision, value, { leaseId = '0' }: PutOptions = {}) {
      const name = Buffer.from(key);
      const request = {
        compare: [{ key: name, target: 'Mod', result: 'Equal', mod_revision: modRevision }] as const,
        success: [{ request_put: { key: name, value: Buffer.from(value), lease: leaseId } }],
      };
      const txn = (member: Etcd3, call: CallOptions) =>
        member.kv.txn({ ...request, compare: [...request.compare] }, call);
      const { succeeded, header } = await members.call('once', txn);
      return succeeded ? Number(header.revision) : undefined;
    },

    async delete(key) {
      const { deleted } = await members.call('repeat', (member, call) =>
        member.kv.deleteRange({ key: Buffer.from(key) }, call),
      );
      return deleted !== '0';
    },

    async grantLease(ttlSeconds) {
      // A grant that was lost and made again leaves a lease that nobody refreshes: it ends by itself.
      const { ID: id, TTL: ttl } = await members.call('repeat', (member, call) =>
        member.leaseClient.leaseGrant({ TTL: ttlSeconds }, call),
      );
      return { id, ttlSeconds: Number(ttl) };
    },

    async refreshLease(leaseId) {
      const ttl = await members.call('repeat', (member, call) => refreshOnce(member, leaseId, call));
      if (ttl <= 0) throw etcdError('ETCD_LEASE_NOT_FOUND', `lease ${leaseId} is no more`);
      return ttl;
    },

    async revokeLease(leaseId) {
      try {
        await members.call('repeat', (member, call) => member.leaseClient.leaseRevoke({ ID: leaseId }, call));
      } catch (error) {
        if (!isEtcdError(error, 'ETCD_LEASE_NOT_FOUND')) throw error;
      }
    },

    watchPrefix(prefix, fromRevision, handlers) {
      const member = members.current();
      const watch = openWatch({
        member,
        prefix,
        fromRevision,
        handlers,
        clock,
        createTimeoutMs: callTimeoutMs,
        onClosed(lost) {
          watches.delete(watch);
          if (lost) members.failed(member);
        },
      });
      watches.add(watch);
      return watch;
    },

    close() {
      for (const watch of [...watches]) watch.cancel();
      members.close();
      log.debug({ endpoints }, 'the client of etcd is closed');
      return Promise.resolve();
    },
  };
}

/** One question on a stream of its own, since only a stream can ask it; the deadline ends the stream whatever happens. Gives seconds, 0 for a lease that is no more. */
async function refreshOnce(member: Etcd3, leaseId: string, call: CallOptions): Promise<number> {
  const stream = await member.leaseClient.leaseKeepAlive(call);
  const answer = Promise.withResolvers<number>();
  stream.on('data', ({ TTL: ttl }) => answer.resolve(Number(ttl)));
  stream.on('error', answer.reject);
  stream.on('end', () =>
    answer.reject(etcdError('ETCD_UNAVAILABLE', 'the stream ended before the lease was refreshed')),
  );
  stream.write({ ID: leaseId });
  try {
    return await answer.promise;
  } finally {
    stream.end();
  }
}
