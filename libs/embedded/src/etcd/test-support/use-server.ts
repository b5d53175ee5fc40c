import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { connect, type EtcdClient, type Stream, type WatchReply } from './etcd-client.ts';
import { entry, key } from './requests.ts';
import type { ServerUnderTest } from './servers-under-test.ts';

const refused = (code: status, details: string) => ({ code, details: `etcdserver: ${details}` });

/** What etcd refuses, in its words. */
export const REFUSED = {
  compacted: refused(status.OUT_OF_RANGE, 'mvcc: required revision has been compacted'),
  future: refused(status.OUT_OF_RANGE, 'mvcc: required revision is a future revision'),
  emptyKey: refused(status.INVALID_ARGUMENT, 'key is not provided'),
  keyNotFound: refused(status.INVALID_ARGUMENT, 'key not found'),
  valueProvided: refused(status.INVALID_ARGUMENT, 'value is provided'),
  leaseProvided: refused(status.INVALID_ARGUMENT, 'lease is provided'),
  requestTooLarge: refused(status.INVALID_ARGUMENT, 'request is too large'),
  duplicateKey: refused(status.INVALID_ARGUMENT, 'duplicate key given in txn request'),
  tooManyOps: refused(status.INVALID_ARGUMENT, 'too many operations in txn request'),
  leaseNotFound: refused(status.NOT_FOUND, 'requested lease not found'),
  leaseExists: refused(status.FAILED_PRECONDITION, 'lease already exists'),
  leaseTtlTooLarge: refused(status.OUT_OF_RANGE, 'too large lease TTL'),
};

/** A lease id above 2^53, as Go clients choose them. */
export const LEASE = '7587860000000000001';

/** One server for all tests of a describe block, and short ways to speak to it. Each test has keys of its own: `k(name)`. */
export function useServer({ start }: ServerUnderTest) {
  let server: Awaited<ReturnType<typeof start>>;
  let client: EtcdClient;
  let runs = 0;
  const streams: Stream<unknown>[] = [];
  // There is no client yet when a describe block is read.
  const etcd = new Proxy({} as EtcdClient, { get: (_, name) => Reflect.get(client, name) as unknown });

  beforeAll(async () => {
    server = await start();
    client = connect(server.endpoint);
  });
  afterAll(async () => {
    for (const stream of streams) stream.cancel();
    client.close();
    await server.stop();
  });
  beforeEach(() => {
    runs += 1;
  });

  const k = (name = '') => `t${String(runs).padStart(4, '0')}/${name}`;
  const nameOf = (bytes: Buffer) => bytes.toString().slice(k().length);
  const open = () => {
    const stream = etcd.watch();
    streams.push(stream);
    return stream;
  };
  const told = (reply: WatchReply) =>
    reply.events.map(({ type, kv, prevKv }) => {
      const previous = prevKv === null ? '' : ` was ${prevKv.value.toString()}`;
      const name = nameOf(kv.key);
      return Number(type) === 0 ? `put ${name}=${kv.value.toString()}${previous}` : `delete ${name}${previous}`;
    });

  return {
    etcd,
    endpoint: () => server.endpoint,
    k,
    /** The revision. */
    put: async (name: string, value: string, more: object = {}) => {
      const { header } = await etcd.put({ ...entry(k(name), value), ...more });
      return Number(header.revision);
    },
    values: async (request: object) => {
      const { kvs } = await etcd.range(request);
      return kvs.map((kv) => `${nameOf(kv.key)}=${kv.value.toString()}`);
    },
    revision: async () => Number((await etcd.range(key(k('none')))).header.revision),
    grant: async (ttl = 60) => (await etcd.leaseGrant({ TTL: ttl })).ID,
    open,
    watch: async (request: object, stream = open()) => {
      stream.send({ createRequest: request });
      const created = await stream.next();
      expect(created).toMatchObject({ created: true, canceled: false, events: [] });
      return { stream, created };
    },
    told,
    /** The events of the next responses until there are as many as wanted. */
    events: async (stream: Stream<WatchReply>, count: number) => {
      const all: string[] = [];
      while (all.length < count) all.push(...told(await stream.next()));
      return all;
    },
  };
}
